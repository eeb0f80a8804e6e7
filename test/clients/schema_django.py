# Django: the models that inspectdb makes of a database.

import io
import os

import django
from django.conf import settings
from django.contrib.postgres.indexes import PostgresIndex
from django.core.management import call_command
from django.db import connection, models as orm

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



# an index with a key, as doc/schema-tools.md defines it
class VecprovIndex(PostgresIndex):
    suffix = "vecprov"

    def __init__(self, *expressions, m=16, **kwargs):
        self.m = m
        super().__init__(*expressions, **kwargs)

    def deconstruct(self):
        path, args, kwargs = super().deconstruct()
        return path, args, {**kwargs, "m": self.m}

    def get_with_params(self):
        return [f"m = {self.m}"]


class VectorField(orm.Field):
    def db_type(self, connection):
        return "vector(3)"


class Keyed(orm.Model):
    tenant_id = orm.IntegerField()
    embedding = VectorField()

    class Meta:
        app_label = "tests"
        db_table = "keyed"
        indexes = [VecprovIndex(name="keyed_embedding_idx", fields=["embedding", "tenant_id"],
                                opclasses=["vector_cosine_ops", "int4_ops"], m=24)]


with connection.schema_editor() as editor:
    editor.create_model(Keyed)
with connection.cursor() as cursor:
    cursor.execute("SELECT pg_get_indexdef('keyed_embedding_idx'::regclass)")
    definition = cursor.fetchone()[0]
check(definition.endswith("USING vecprov (embedding vector_cosine_ops, tenant_id) WITH (m='24')"), "an index with a key", definition)
with connection.schema_editor() as editor:
    editor.delete_model(Keyed)

unharmed()
finish()
