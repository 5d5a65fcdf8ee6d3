"""PHP-FPM access logs of any access.format: how long a worker was busy with each request."""
