"""Django's settings; what differs between installations comes from the environment.

CALOR_DATABASE      sqlite:///path or postgresql://user:password@host:port/name (default: calor.sqlite3)
CALOR_KEY_FILE      the master key, outside the database; see `calor.web.keys`
CALOR_HOSTS         host names that the pages answer to, with commas between
CALOR_TRIAL_FOLDER  the trial's folder: its protocol, and the results of `calor screen`
CALOR_RECORDS_SITE  code of the site whose health records the folder screens (default: the trial's only site)
CALOR_PLAIN_HTTP    set by `calor serve` on the own machine, where there is no TLS
"""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

from calor.web.database import database
from calor.web.keys import session_secret
from calor.web.log import Reserved

DATABASES: dict[str, dict[str, Any]] = {
    "default": database(os.environ.get("CALOR_DATABASE", "sqlite:///calor.sqlite3"))
}
SECRET_KEY = session_secret()
DEBUG = False
ALLOWED_HOSTS = os.environ.get("CALOR_HOSTS", "localhost,127.0.0.1").split(",")
TRIAL_FOLDER = os.environ.get("CALOR_TRIAL_FOLDER", "")
RECORDS_SITE = os.environ.get("CALOR_RECORDS_SITE", "")
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.humanize",
    "django.contrib.staticfiles",
    "django.forms",
    "django_htmx",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "axes",
    "calor.web.apps.CalorWebConfig",
    "calor.web.capture.apps.CaptureConfig",
]
MIDDLEWARE = [
    "calor.web.headers.headers",
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "calor.web.idle.idle",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "calor.web.refusals.refusals",
    "axes.middleware.AxesMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.csrf",
                "calor.web.pages.around.around",
            ],
        },
    },
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
# A name is locked, not an address: a hospital's people share one.
SILENCED_SYSTEM_CHECKS = ["axes.W006"]
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = ["username"]
AXES_USERNAME_CALLABLE = "calor.web.access.name_to_lock"
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_LOCKOUT_CALLABLE = "calor.web.pages.sign_in.locked_out"
AXES_ENABLE_ADMIN = False
AXES_DISABLE_ACCESS_LOG = True  # the audit trail holds it
AXES_VERBOSE = False
OTP_TOTP_ISSUER = "Calor"
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "dashboard"
ROOT_URLCONF = "calor.web.urls"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
USE_I18N = False
TIME_ZONE = "UTC"
STATIC_URL = "/static/"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Strict"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = "CALOR_PLAIN_HTTP" not in os.environ
SESSION_COOKIE_AGE = 30 * 60
CSRF_FAILURE_VIEW = "calor.web.refusals.no_csrf_token"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")  # the proxy sets it; without one it changes nothing
X_FRAME_OPTIONS = "DENY"
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"reserved": {"()": Reserved}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "reserved"}},
    "loggers": {
        "django": {"handlers": ["stderr"], "level": "ERROR"},
        "axes": {"handlers": ["stderr"], "level": "ERROR"},  # what it warns of stands in the audit trail
    },
}
DEFAULT_EXCEPTION_REPORTER_FILTER = "calor.web.crash_report.NothingTyped"
SECURE_REFERRER_POLICY = "same-origin"
