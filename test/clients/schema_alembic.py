# Alembic: what autogenerate finds, with the schema of the connection and with all schemas.

import os

from sqlalchemy import Column, Index, Integer, MetaData, Table, Text, create_engine, text
from sqlalchemy.engine import URL
from sqlalchemy.types import UserDefinedType
from alembic.autogenerate import produce_migrations, render_python_code
from alembic.migration import MigrationContext

from schema_tool import check, finish, unharmed, unseen


class Vector(UserDefinedType):
    """As the package pgvector has it."""

    cache_ok = True

    def __init__(self, dims=None):
        self.dims = dims

    def get_col_spec(self, **_):
        return f"vector({self.dims})"


engine = create_engine(URL.create(
    "postgresql+psycopg2", username=os.environ["PGUSER"], password=os.environ.get("PGPASSWORD"),
    host=os.environ["PGHOST"], port=int(os.environ["PGPORT"]), database=os.environ["PGDATABASE"]))
engine.dialect.ischema_names["vector"] = Vector

metadata = MetaData()
Table("items", metadata,
      Column("id", Integer, primary_key=True),
      Column("label", Text),
      Column("embedding", Vector(3)),
      Column("price", Integer))


def operations(**options):
    """What upgrade() and downgrade() of a new revision would be."""
    def include(obj, name, kind, reflected, compare_to):
        # its access method is not in the model
        return not (kind == "index" and name == "items_embedding_idx")

    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_object": include, **options})
        script = produce_migrations(context, metadata)
        return render_python_code(script.upgrade_ops) + render_python_code(script.downgrade_ops)


ops = operations()
check("op.add_column('items', sa.Column('price'" in ops, "autogenerate adds a column", ops)
check("drop_table" not in ops and "create_table" not in ops, "and has no other table", ops)
unseen(ops, "autogenerate")

ops = operations(include_schemas=True)
check("op.drop_table('tiers', schema='vecprov')" in ops, "with include_schemas it sees all", ops)


def include_name(name, kind, parent_names):
    return not (kind == "schema" and name == "vecprov")


ops = operations(include_schemas=True, include_name=include_name)
check("op.add_column('items', sa.Column('price'" in ops, "with the filter it adds a column", ops)
unseen(ops, "with the filter")

engine.dispose()
# an index with a key, as doc/schema-tools.md defines it
keyed = Table("keyed", MetaData(), Column("id", Integer, primary_key=True), Column("tenant_id", Integer),
              Column("embedding", Vector(3)))
Index("keyed_embedding_idx", keyed.c.embedding, keyed.c.tenant_id, postgresql_using="vecprov",
      postgresql_ops={"embedding": "vector_cosine_ops"}, postgresql_with={"m": 24})
keyed.create(engine)
with engine.connect() as connection:
    definition = connection.execute(text("SELECT pg_get_indexdef('keyed_embedding_idx'::regclass)")).scalar()
check(definition.endswith("USING vecprov (embedding vector_cosine_ops, tenant_id) WITH (m='24')"), "an index with a key", definition)
keyed.drop(engine)

unharmed()
finish()
