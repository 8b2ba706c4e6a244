"""Superset's configuration, which it loads itself by SUPERSET_CONFIG_PATH; the names are Superset's."""

from __future__ import annotations

from monitor.superset.addresses import metadata_uri
from pipeline.settings import load_settings

_settings = load_settings()

SECRET_KEY = _settings.serving.superset.secret_key.reveal()
SQLALCHEMY_DATABASE_URI = metadata_uri(_settings.serving.postgres)
APP_NAME = "Coinlake"

# The page may load from where it came from and from nowhere else: no maps, no fonts, no counting pixel.
TALISMAN_ENABLED = True
TALISMAN_CONFIG = {
    "content_security_policy": {
        "base-uri": ["'self'"],
        "default-src": ["'self'"],
        "img-src": ["'self'", "blob:", "data:"],
        "worker-src": ["'self'", "blob:"],
        "connect-src": ["'self'"],
        "object-src": "'none'",
        "style-src": ["'self'", "'unsafe-inline'"],
        "font-src": ["'self'"],
        "script-src": ["'self'", "'strict-dynamic'"],
    },
    "content_security_policy_nonce_in": ["script-src"],
    "force_https": False,
    "session_cookie_secure": False,
}
WTF_CSRF_ENABLED = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"

# Answers are computed when asked for: a cache of them would show the last minute late.
DATA_CACHE_CONFIG = {"CACHE_TYPE": "NullCache"}
SQLLAB_ASYNC_TIME_LIMIT_SEC = 60
SUPERSET_WEBSERVER_TIMEOUT = 60
# One process of eight threads: so many connections to the metadata, and no more, at a PostgreSQL that has few.
SQLALCHEMY_ENGINE_OPTIONS = {"pool_size": 4, "max_overflow": 8, "pool_pre_ping": True}
