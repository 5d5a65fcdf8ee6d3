"""php-fpm files to pools with the settings in force."""
