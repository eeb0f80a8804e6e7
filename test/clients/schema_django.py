# Django: the models that inspectdb makes of a database.

import io
import os

import django
from django.conf import settings
from django.core.management import call_command

from schema_tool import check, finish, unharmed, unseen

settings.configure(
    DATABASES={"default": {
        "ENGINE": "django.db.backends.postgresql", "NAME": os.environ["PGDATABASE"], "USER": os.environ["PGUSER"],
        "PASSWORD": os.environ.get("PGPASSWORD", ""), "HOST": os.environ["PGHOST"], "PORT": os.environ["PGPORT"]}},
    INSTALLED_APPS=[], DEFAULT_AUTO_FIELD="django.db.models.AutoField")
django.setup()


def inspect(**options):
    output = io.StringIO()
    call_command("inspectdb", stdout=output, **options)
    return output.getvalue()


models = inspect()
check("class Items(models.Model)" in models and "db_table = 'items'" in models, "inspectdb: the table", models)
check(models.count("class Meta") == 1, "and no other", models)
unseen(models, "inspectdb")

models = inspect(include_views=True)
check("class Labels(models.Model)" in models and models.count("class Meta") == 2, "with its view", models)
unseen(models, "inspectdb with views")

unharmed()
finish()
