"""vecprov in ann-benchmarks: an index on one table, searched by one session.

README.md beside this file says where it belongs, and how it is run. The server
is the one that libpq's variables name (PGHOST, PGDATABASE, ...).
"""

import numpy
import psycopg
from psycopg.adapt import Dumper
from psycopg.pq import Format
from psycopg.types import TypeInfo

from ..base.module import BaseANN

# ann-benchmarks' distances: operator class and operator.
METRICS = {
    "euclidean": ("vector_l2_ops", "<->"),
    "angular": ("vector_cosine_ops", "<=>"),
}

# Rows that are sent at once: some megabytes, whatever the data set holds.
CHUNK_BYTES = 4_000_000

# What COPY's binary format begins and ends with.
COPY_HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)
COPY_TAIL = b"\xff\xff"


def binary_rows(first_id, vectors):
    """Tuples of (int4, vector) as COPY reads them."""
    dims = vectors.shape[1]
    rows = numpy.empty(
        len(vectors),
        dtype=[
            ("fields", ">i2"),
            ("id_bytes", ">i4"),
            ("id", ">i4"),
            ("v_bytes", ">i4"),
            ("dims", ">i2"),
            ("unused", ">i2"),
            ("v", ">f4", (dims,)),
        ],
    )
    rows["fields"] = 2
    rows["id_bytes"] = 4
    rows["id"] = numpy.arange(first_id, first_id + len(vectors))
    rows["v_bytes"] = 4 + 4 * dims
    rows["dims"] = dims
    rows["unused"] = 0
    rows["v"] = vectors
    return rows.tobytes()


class ArrayDumper(Dumper):
    """An array of numpy as a vector, in binary: a text would take longer than many a search."""

    format = Format.BINARY

    def dump(self, obj):
        head = numpy.array([len(obj), 0], dtype=">i2").tobytes()
        return head + numpy.ascontiguousarray(obj, dtype=">f4").tobytes()


class Vecprov(BaseANN):
    def __init__(self, metric, parameters):
        if metric not in METRICS:
            raise NotImplementedError(f"vecprov is not set up for the distance {metric!r}")
        self.operator_class, operator = METRICS[metric]
        self.m = parameters["M"]
        self.ef_construction = parameters["efConstruction"]
        self.ef_search = None
        self.search = f"SELECT id FROM ann_items ORDER BY v {operator} %b LIMIT %b"
        self.connection = None

    def connect(self):
        connection = psycopg.connect(autocommit=True)
        connection.execute("CREATE EXTENSION IF NOT EXISTS vecprov")
        oid = TypeInfo.fetch(connection, "vector").oid
        dumper = type("VectorDumper", (ArrayDumper,), {"oid": oid})
        connection.adapters.register_dumper(numpy.ndarray, dumper)
        return connection

    def load(self, vectors):
        chunk = max(1, CHUNK_BYTES // (4 * vectors.shape[1]))
        with self.connection.cursor() as cursor:
            with cursor.copy("COPY ann_items (id, v) FROM STDIN (FORMAT binary)") as copy:
                copy.write(COPY_HEAD)
                for first in range(0, len(vectors), chunk):
                    copy.write(binary_rows(first, vectors[first : first + chunk]))
                copy.write(COPY_TAIL)

    def fit(self, X):
        self.connection = self.connect()
        self.connection.execute("DROP TABLE IF EXISTS ann_items")
        self.connection.execute(f"CREATE TABLE ann_items (id int, v vector({X.shape[1]}))")
        # the server would compress values that do not get any smaller
        self.connection.execute("ALTER TABLE ann_items ALTER v SET STORAGE PLAIN")
        self.load(X)
        self.connection.execute(
            f"CREATE INDEX ann_items_v_idx ON ann_items USING vecprov (v {self.operator_class})"
            f" WITH (m = {int(self.m)}, ef_construction = {int(self.ef_construction)})"
        )
        self.connection.execute("VACUUM ANALYZE ann_items")

    def set_query_arguments(self, ef_search):
        self.ef_search = ef_search
        self.connection.execute(f"SET vecprov.ef_search = {int(ef_search)}")

    def query(self, q, n):
        rows = self.connection.execute(self.search, (q, n), prepare=True, binary=True)
        return [row[0] for row in rows]

    def get_memory_usage(self):
        """Kilobytes of the index; 0 before there is one."""
        if self.connection is None:
            return 0
        size = self.connection.execute("SELECT coalesce(pg_relation_size(to_regclass('ann_items_v_idx')), 0)")
        return size.fetchone()[0] / 1024

    def done(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def __str__(self):
        return f"vecprov(m={self.m}, ef_construction={self.ef_construction}, ef_search={self.ef_search})"
