"""Replays requests through an accept queue and its workers: what would another setting have given?"""
