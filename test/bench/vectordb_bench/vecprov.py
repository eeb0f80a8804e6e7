"""vecprov in VectorDBBench: one table, whose id and label are key columns of the index.

README.md beside this file says where it belongs, and what has to be registered.
"""

import struct
from contextlib import contextmanager

import psycopg
from psycopg import sql
from psycopg.adapt import Dumper
from psycopg.pq import Format
from psycopg.types import TypeInfo

from ...filter import Filter, FilterOp
from ..api import VectorDB


class VectorDumper(Dumper):
    """A list of numbers as a vector, in binary."""

    format = Format.BINARY

    def dump(self, obj):
        return struct.pack(f">hh{len(obj)}f", len(obj), 0, *obj)


class Vecprov(VectorDB):
    name = "vecprov"
    # a connection of psycopg runs one statement at a time
    thread_safe = False
    supported_filter_types = [FilterOp.NonFilter, FilterOp.NumGE, FilterOp.StrEqual]

    def __init__(
        self,
        dim,
        db_config,
        db_case_config,
        collection_name="vecprov_bench",
        drop_old=False,
        with_scalar_labels=False,
        **kwargs,
    ):
        self.conninfo = db_config["conninfo"]
        self.case_config = db_case_config
        self.table = collection_name
        self.index = f"{collection_name}_v_idx"
        self.with_labels = with_scalar_labels
        self.connection = None
        self.search = None
        self.condition = sql.SQL("")
        # copies of this object go to other processes: it has no connection before init()
        with psycopg.connect(self.conninfo, autocommit=True) as connection:
            connection.execute("CREATE EXTENSION IF NOT EXISTS vecprov")
            if drop_old:
                self.run("DROP TABLE IF EXISTS {table}", connection)
            label = ", label text" if with_scalar_labels else ""
            self.run(f"CREATE TABLE IF NOT EXISTS {{table}} (id bigint, v vector({int(dim)}){label})", connection)

    def run(self, text, connection=None, **names):
        statement = sql.SQL(text).format(table=sql.Identifier(self.table), index=sql.Identifier(self.index), **names)
        return (connection or self.connection).execute(statement)

    @contextmanager
    def init(self):
        with psycopg.connect(self.conninfo, autocommit=True) as connection:
            oid = TypeInfo.fetch(connection, "vector").oid
            connection.adapters.register_dumper(list, type("ListDumper", (VectorDumper,), {"oid": oid}))
            self.connection = connection
            self.run("SET vecprov.ef_search = {n}", n=sql.Literal(self.case_config.search_param()["ef_search"]))
            self.make_search()
            try:
                yield
            finally:
                self.connection = None

    def prepare_filter(self, filters: Filter):
        if filters.type == FilterOp.NumGE:
            condition = sql.SQL("WHERE id >= {}").format(sql.Literal(filters.int_value))
        elif filters.type == FilterOp.StrEqual:
            condition = sql.SQL("WHERE label = {}").format(sql.Literal(filters.label_value))
        else:
            condition = sql.SQL("")
        self.condition = condition
        self.make_search()

    def make_search(self):
        self.search = sql.SQL("SELECT id FROM {table} {condition} ORDER BY v {operator} %b LIMIT %b").format(
            table=sql.Identifier(self.table),
            condition=self.condition,
            operator=sql.SQL(self.case_config.search_param()["operator"]),
        )

    def insert_embeddings(self, embeddings, metadata, labels_data=None, tenant_labels_data=None, **kwargs):
        if self.with_labels and labels_data is None:
            return 0, ValueError("the table has labels, and the records have none")
        columns = "id, v, label" if self.with_labels else "id, v"
        copy_in = sql.SQL(f"COPY {{}} ({columns}) FROM STDIN (FORMAT binary)").format(sql.Identifier(self.table))
        types = ["int8", self.connection.adapters.get_dumper(list, "b").oid, "text"]
        count = 0
        try:
            with self.connection.cursor() as cursor, cursor.copy(copy_in) as copy:
                copy.set_types(types if self.with_labels else types[:2])
                for i, (number, vector) in enumerate(zip(metadata, embeddings)):
                    row = (number, list(vector))
                    copy.write_row(row + (labels_data[i],) if self.with_labels else row)
                    count += 1
        except psycopg.Error as error:
            # COPY is one statement: nothing of it is there
            return 0, error
        return count, None

    def optimize(self, data_size=None):
        parameters = self.case_config.index_param()
        keys = ", id, label" if self.with_labels else ", id"
        self.run("DROP INDEX IF EXISTS {index}")
        self.run(
            f"CREATE INDEX {{index}} ON {{table}} USING vecprov (v {parameters['operator_class']}{keys})"
            f" WITH (m = {int(parameters['m'])}, ef_construction = {int(parameters['ef_construction'])})"
        )
        self.run("VACUUM ANALYZE {table}")

    def search_embedding(self, query, k=100, payload_profile=None, tenant=None, **kwargs):
        rows = self.connection.execute(self.search, (list(query), k), prepare=True, binary=True)
        return [row[0] for row in rows]
