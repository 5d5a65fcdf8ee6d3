"""Before and after a plan, measured on real nginx and PHP-FPM."""
