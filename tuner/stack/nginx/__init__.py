"""nginx files to listeners, upstreams and FastCGI locations with the settings in force."""
