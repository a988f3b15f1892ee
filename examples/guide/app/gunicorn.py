"""gunicorn's settings for the user centre. `daemon` stays false: a supervised program runs in the foreground."""

import os

bind = f"127.0.0.1:{os.environ.get('APP_PORT', '8000')}"
workers = 2
daemon = False
accesslog = "-"
errorlog = "-"
loglevel = "info"
graceful_timeout = 2
