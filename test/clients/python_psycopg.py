# Python's psycopg 3: binary COPY, binary parameters and results, on tables of vecprov. Dumpers and
# loaders are as the package pgvector registers them.

import math
import struct

import psycopg
from psycopg.adapt import Dumper, Loader
from psycopg.pq import Format
from psycopg.types import TypeInfo

DIMS = 16
ROWS = 300
count = 0


def check(ok, name, detail=None):
    global count
    count += 1
    print(f"{'ok' if ok else 'not ok'} {count} - {name}")
    if not ok:
        print(f"# {detail!r}")


def same(value, want, name):
    check(value == want, name, {"is": value, "want": want})


class Value:
    """Elements of one of the types; what is stored of it."""

    def __init__(self, elements):
        self.elements = list(elements)

    def __eq__(self, other):
        return type(self) is type(other) and self.elements == other.elements

    def __repr__(self):
        return f"{type(self).__name__}({self.elements})"

    @classmethod
    def row(cls, i):
        # quarters of integers, which every type holds exactly
        return cls(((i * (d + 3) * 37) % 1009 - 504) / 4 for d in range(DIMS))

    def distance(self, other):
        return math.dist(self.elements, other.elements)


class Vector(Value):
    name, operator, code = "vector", "<->", "f"

    def text(self):
        return "[" + ",".join(str(x) for x in self.elements) + "]"

    def binary(self):
        n = len(self.elements)
        return struct.pack(f">hh{n}{self.code}", n, 0, *self.elements)

    @classmethod
    def from_text(cls, text):
        return cls(float(x) for x in text[1:-1].split(","))

    @classmethod
    def from_binary(cls, data):
        n, unused = struct.unpack_from(">hh", data)
        return cls(struct.unpack_from(f">{n}{cls.code}", data, 4))


class Halfvec(Vector):
    name, code = "halfvec", "e"


class Sparsevec(Value):
    name, operator = "sparsevec", "<->"

    @classmethod
    def row(cls, i):
        return cls(x if (i + d) % 4 == 0 else 0 for d, x in enumerate(super().row(i).elements))

    def text(self):
        pairs = (f"{d + 1}:{x}" for d, x in enumerate(self.elements) if x != 0)
        return "{" + ",".join(pairs) + "}/" + str(len(self.elements))

    def binary(self):
        at = [d for d, x in enumerate(self.elements) if x != 0]
        values = [self.elements[d] for d in at]
        return struct.pack(f">iii{len(at)}i{len(at)}f", len(self.elements), len(at), 0, *at, *values)

    @classmethod
    def of(cls, dims, pairs):
        elements = [0.0] * dims
        for d, x in pairs:
            elements[d] = x
        return cls(elements)

    @classmethod
    def from_text(cls, text):
        pairs, dims = text.split("/")
        pairs = [pair.split(":") for pair in pairs[1:-1].split(",") if pair]
        return cls.of(int(dims), ((int(d) - 1, float(x)) for d, x in pairs))

    @classmethod
    def from_binary(cls, data):
        dims, nnz, unused = struct.unpack_from(">iii", data)
        at = struct.unpack_from(f">{nnz}i", data, 12)
        return cls.of(dims, zip(at, struct.unpack_from(f">{nnz}f", data, 12 + 4 * nnz)))


class Bit(Value):
    name, operator = "bit", "<~>"

    @classmethod
    def row(cls, i):
        return cls(int(x > 0) for x in super().row(i).elements)

    def text(self):
        return "".join(str(x) for x in self.elements)

    def binary(self):
        n = len(self.elements)
        bits = self.text().ljust((n + 7) // 8 * 8, "0")
        return struct.pack(">i", n) + int(bits, 2).to_bytes(len(bits) // 8, "big")

    @classmethod
    def from_text(cls, text):
        return cls(int(x) for x in text)

    @classmethod
    def from_binary(cls, data):
        (n,) = struct.unpack_from(">i", data)
        return cls.from_text("".join(f"{byte:08b}" for byte in data[4:])[:n])

    def distance(self, other):
        return sum(a != b for a, b in zip(self.elements, other.elements))


def register(conn, cls):
    """Values of the class go out and come in as the server's type, in both formats."""
    info = TypeInfo.fetch(conn, cls.name)
    info.register(conn)
    for form in (Format.TEXT, Format.BINARY):
        binary = form == Format.BINARY
        dump = (lambda self, v: v.binary()) if binary else (lambda self, v: v.text().encode())
        load = ((lambda self, data: cls.from_binary(bytes(data))) if binary else
                (lambda self, data: cls.from_text(bytes(data).decode())))
        conn.adapters.register_dumper(
            cls, type("ValueDumper", (Dumper,), {"format": form, "oid": info.oid, "dump": dump}))
        conn.adapters.register_loader(info.oid, type("ValueLoader", (Loader,), {"format": form, "load": load}))


def test_type(conn, cls):
    table = f"items_{cls.name}"
    rows = [cls.row(i) for i in range(1, ROWS + 1)]
    conn.execute(f"CREATE TABLE {table} (id serial PRIMARY KEY, v {cls.name}({DIMS}))")
    register(conn, cls)

    with conn.cursor() as cur:
        cur.executemany(f"INSERT INTO {table} (v) VALUES (%s)", [(v,) for v in rows[:50]])
        for i, v in enumerate(rows[50:100], 51):
            cur.execute(f"INSERT INTO {table} (id, v) VALUES (%b, %b)", (i, v))
        with cur.copy(f"COPY {table} (id, v) FROM STDIN (FORMAT binary)") as copy:
            copy.set_types(["int4", cls.name])
            for i, v in enumerate(rows[100:], 101):
                copy.write_row((i, v))
    conn.execute(f"CREATE INDEX {table}_v ON {table} USING vecprov (v {cls.name}_{'hamming' if cls.name == 'bit' else 'l2'}_ops)")

    for binary in (False, True):
        how = "binary" if binary else "text"
        found = conn.execute(f"SELECT v FROM {table} ORDER BY id", binary=binary).fetchall()
        same([v for v, in found], rows, f"{cls.name}: read in {how} as they were sent")
        with conn.cursor() as cur, cur.copy(f"COPY (SELECT id, v FROM {table} ORDER BY id) TO STDOUT (FORMAT {how})") as copy:
            copy.set_types(["int4", cls.name])
            same([v for i, v in copy.rows()], rows, f"{cls.name}: copied out in {how}")

    query = cls.row(1042)
    want = [round(d, 4) for d in sorted(query.distance(v) for v in rows)[:10]]
    for place in ("%t", "%b"):
        found = conn.execute(
            f"SELECT v {cls.operator} {place} FROM {table} ORDER BY v {cls.operator} {place} LIMIT 10", (query, query))
        same([round(d, 4) for d, in found], want, f"{cls.name}: nearest of a parameter {place}")
    order = f"SELECT id FROM {table} ORDER BY v {cls.operator} %b LIMIT 1"
    plan = conn.execute("EXPLAIN " + order, (query,)).fetchall()
    check(any(f"Index Scan using {table}_v" in line for line, in plan), f"{cls.name}: by the index", plan)
    for i in range(10):
        found = conn.execute(order, (rows[i],), prepare=True).fetchone()
    same(rows[found[0] - 1], rows[9], f"{cls.name}: a prepared query again and again")

    with conn.cursor(name="several", binary=True) as cur:
        cur.itersize = 7
        cur.execute(f"SELECT v FROM {table} ORDER BY v {cls.operator} %b LIMIT 30", (query,))
        distances = [query.distance(v) for v, in cur]
    same(distances, sorted(query.distance(v) for v in rows)[:30], f"{cls.name}: by a cursor, a few at a time")


with psycopg.connect() as conn:
    conn.execute("CREATE EXTENSION IF NOT EXISTS vecprov")
    conn.execute("SET enable_seqscan = off")
    conn.execute("SET vecprov.ef_search = 300")
    for cls in (Vector, Halfvec, Sparsevec, Bit):
        test_type(conn, cls)
    try:
        with conn.transaction():
            conn.execute("SELECT %b <-> %b", (Vector([1, 2]), Vector([1, 2, 3])))
    except psycopg.DataError as error:
        same((error.sqlstate, error.diag.message_primary), ("22000", "different vector dimensions 2 and 3"),
             "an error has its code")
    conn.rollback()
print(f"1..{count}")
