"""Settings, all from the environment. What it leaves out is for development, generated once and kept in VAR_DIR."""

from pathlib import Path
from urllib.parse import urlsplit

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from exchange.embedded import state
from exchange.ops import logs

if not __debug__:
    raise ImproperlyConfigured("The exchange does not run under `python -O`: its assertions guard its invariants.")

env = environ.Env()
BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = Path(env.str("VAR_DIR", default=str(BASE_DIR / "var"))).absolute()
PRODUCTION = all(name in env.ENVIRON for name in ("DATABASE_URL", "VALKEY_URL", "SECRET_KEY", "SECRET_KEYS"))
LOCAL = None if PRODUCTION else state.load(VAR_DIR)

DEBUG = env.bool("DEBUG", default=False)
DEMO = env.bool("DEMO", default=False)
HOST = env.str("HOST", default="127.0.0.1")
PORT = env.int("PORT", default=8000)
ASGI_SERVER = env.str("ASGI_SERVER", default="daphne")  # or uvicorn
MARKET_DATA_DIR = env.str("MARKET_DATA_DIR", default=None)  # recorded markets, for tests and `manage.py replay`

# Where prices come from: simulated, recorded, or venues (live ones, public data). See docs/feeds.md.
FEED_SOURCE = env.str("FEED_SOURCE", default="simulated" if DEMO else "venues")
FEED_INDICES = env.str("FEED_INDICES", default=None)  # a TOML file that says what each index is made of
FEED_RECORDING = env.str("FEED_RECORDING", default="")  # the file of recorded prices
FEED_SEED = env.str("FEED_SEED", default="1")  # of the simulated ones
INDEX_PRICES_KEPT_DAYS = env.int("INDEX_PRICES_KEPT_DAYS", default=2)  # with all they were made from
PREMIUMS_KEPT_DAYS = env.int("PREMIUMS_KEPT_DAYS", default=60)
EXCHANGE_LADDER = {  # what takes the whole exchange a step stricter, and later milder: see docs/feeds.md
    "percent": env.int("EXCHANGE_LADDER_PERCENT", default=50),
    "indices": env.int("EXCHANGE_LADDER_INDICES", default=2),
    "tighten_s": env.int("EXCHANGE_LADDER_TIGHTEN_S", default=20),
    "loosen_s": env.int("EXCHANGE_LADDER_LOOSEN_S", default=10),
}
ORDER_TO_TRADE = {  # who tells this much within the window, and more than `ratio` for each fill, may only cancel
    "window_s": env.int("ORDER_TO_TRADE_WINDOW_S", default=600),
    "messages": env.int("ORDER_TO_TRADE_MESSAGES", default=100_000),
    "ratio": env.int("ORDER_TO_TRADE_RATIO", default=1_000),
    "cool_down_s": env.int("ORDER_TO_TRADE_COOL_DOWN_S", default=300),
}
ACTIVITY_KEPT_DAYS = env.int("ACTIVITY_KEPT_DAYS", default=2)  # how long it is known who told how much
LOG_LEVEL = env.str("LOG_LEVEL", default="INFO")
LOG_FORMAT = env.str("LOG_FORMAT", default=logs.default_style())  # json or console

# Secrets. SECRET_KEYS encrypt stored secrets: the first one encrypts, all of them decrypt.
SECRET_KEY = env.str("SECRET_KEY", default=LOCAL and LOCAL.secret_key)
SECRET_KEYS = env.list("SECRET_KEYS", default=LOCAL and list(LOCAL.secret_keys))
METRICS_TOKEN = env.str("METRICS_TOKEN", default=LOCAL and LOCAL.metrics_token)

# Who may call us, and how.
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
TRUSTED_PROXIES = env.list("TRUSTED_PROXIES", default=[])
HTTPS = env.bool("HTTPS", default=PRODUCTION)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "exchange.ops.api_errors.csrf_failure"
MAXIMUM_BODY_BYTES = DATA_UPLOAD_MAX_MEMORY_SIZE = 64 * 1024
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

INSTALLED_APPS = [
    "compliance.admin_config.OperatorsAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "channels",
    "csp",
    "allauth",
    "allauth.account",
    "allauth.usersessions",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "exchange",
    "exchange.identity",
    "compliance",
    "wallets",
    "trading",
    "risk",
    "frontend",
]

MIDDLEWARE = [
    "exchange.ops.observation.observe",
    "exchange.identity.middleware.rate_limit_headers",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]

ROOT_URLCONF = "exchange.urls"
ASGI_APPLICATION = "exchange.asgi.application"
APPEND_SLASH = False
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# Accounts.
AUTH_USER_MODEL = "identity.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
LOGIN_URL = "/sign-in"
LOGIN_REDIRECT_URL = LOGOUT_REDIRECT_URL = "/"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("MinimumLengthValidator", "CommonPasswordValidator", "UserAttributeSimilarityValidator")
]

ACCOUNT_ADAPTER = "frontend.account_adapter.AccountAdapter"
ACCOUNT_FORMS = {"signup": "exchange.identity.forms.SignUpForm"}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if HTTPS else "http"
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
ACCOUNT_RATE_LIMITS = False  # ours count instead, which also work while Valkey is away

# Letters. EMAIL_URL is smtp+tls://user:password@mail.example:587; without it they become files in VAR_DIR/mail.
EMAIL_URL = env.str("EMAIL_URL", default=None)
EMAIL_BACKEND, EMAIL_FILE_PATH = "exchange.identity.mails.PrivateFiles", str(VAR_DIR / "mail")
if EMAIL_URL:
    vars().update(environ.Env.email_url_config(EMAIL_URL))
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.str("EMAIL_FROM", default="Exchange <exchange@localhost>")

# Rate limits as (capacity in credits, credits that come back a second).
RATE_LIMITS_ENABLED = env.bool("RATE_LIMITS_ENABLED", default=True)
RATE_LIMITS = {
    "key": (1000, 200),
    "user": (2000, 400),
    "ip": (4000, 800),
    "sign_in_ip": (20, 1 / 15),
    "sign_in_email": (10, 1 / 30),
    "sign_up_ip": (20, 1 / 30),
    "reset_ip": (20, 1 / 30),
    "letters": (4, 1 / 300),  # to one address, on anybody's request
}
ANONYMOUS_SOCKETS_PER_ADDRESS = 50  # on each server

# PostgreSQL is the truth, Valkey is transit: it may be emptied at any time.
DATABASE_URL = env.str("DATABASE_URL", default=LOCAL and LOCAL.database_url)
DATABASE = environ.Env.db_url_config(DATABASE_URL)
DATABASES = {
    "default": {
        **DATABASE,
        # Under ASGI each request has a thread of its own, so that only a pool saves the connecting.
        "CONN_MAX_AGE": 0,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            **DATABASE.get("OPTIONS", {}),
            "connect_timeout": 5,
            "pool": {"min_size": 1, "max_size": env.int("DATABASE_POOL_SIZE", default=8), "timeout": 3},
        },
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
VALKEY_URL = env.str("VALKEY_URL", default=LOCAL and LOCAL.valkey_url)
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": VALKEY_URL,
        "KEY_PREFIX": "cache",
        "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 1},
    }
}
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.core.RedisChannelLayer",
        # The capacity is what waits for a slow engine before senders are told `engine_busy`.
        "CONFIG": {"hosts": [{"address": VALKEY_URL}], "capacity": 1000, "expiry": 60},
    },
    # What changed, to every gateway that listens; who missed something notices.
    "streams": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {
            "hosts": [{"address": VALKEY_URL, "socket_connect_timeout": 2, "health_check_interval": 5}],
            "prefix": "streams",
        },
    },
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "exchange.identity.authentication.ApiKeyAuthentication",
        "exchange.identity.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["exchange.identity.permissions.HasScope"],
    "DEFAULT_THROTTLE_CLASSES": ["exchange.identity.throttles.CreditThrottle"],
    "DEFAULT_PARSER_CLASSES": ["exchange.ops.api_parser.JsonBody"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "exchange.ops.api_negotiation.JsonOnly",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "exchange.ops.api_errors.exception_handler",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Exchange API",
    "VERSION": "1",
    "DESCRIPTION": "[Orders explained](/api/docs/orders.md): every kind, flag and group, with a request for each. "
    "[The WebSocket](/api/docs/websocket.md): streams, and orders without waiting, over one connection.",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "OAS_VERSION": "3.1.0",
    "POSTPROCESSING_HOOKS": [],
}

LANGUAGE_CODE = "en-us"
USE_I18N = False
USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = True  # served straight from the packages: no collectstatic step

LOGGING = logs.configuration(
    level=LOG_LEVEL,
    style=LOG_FORMAT,
    secrets=[SECRET_KEY, *SECRET_KEYS, METRICS_TOKEN, DATABASE["PASSWORD"], urlsplit(VALKEY_URL).password],
)
