"""Arrivals and service times put on a stack as values with their origin."""
