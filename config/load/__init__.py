"""`manage.py generate_load`: a million contacts and ten million events to measure with, written through COPY."""
