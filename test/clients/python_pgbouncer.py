# PgBouncer in transaction mode, in front of a server with vecprov: what doc/connections.md says is kept
# and lost. Starts a PgBouncer of its own.

import os
import re
import socket
import subprocess
import tempfile
import time

import psycopg

count = 0


def same(value, want, name):
    global count
    count += 1
    print(f"{'ok' if value == want else 'not ok'} {count} - {name}", flush=True)
    if value != want:
        print(f"# is {value!r}, want {want!r}")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Bouncer:
    """A PgBouncer with one more line in its configuration, and two connections to the server."""

    def __init__(self, folder, line=""):
        self.port = free_port()
        server = f"host={os.environ['PGHOST']} port={os.environ['PGPORT']} dbname={os.environ['PGDATABASE']}"
        with open(f"{folder}/users", "w") as users:
            users.write('"app" ""\n"tuned" ""\n"admin" ""\n')
        with open(f"{folder}/ini", "w") as ini:
            ini.write(f"""[databases]
app = {server}
set = {server} connect_query='SET vecprov.ef_search = 55'
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {self.port}
unix_socket_dir =
auth_type = trust
auth_file = {folder}/users
pool_mode = transaction
default_pool_size = 2
admin_users = admin
{line}
""")
        self.process = subprocess.Popen(["pgbouncer", "-q", f"{folder}/ini"])
        while self.process.poll() is None:
            try:
                self.connect("admin", "pgbouncer", prepare_threshold=None).close()
                break
            except psycopg.OperationalError:
                time.sleep(0.1)

    def connect(self, user="app", database="app", **more):
        return psycopg.connect(host="127.0.0.1", port=self.port, user=user, dbname=database, autocommit=True, **more)

    def close(self):
        self.process.terminate()
        self.process.wait()


def ask(connection, sql):
    return connection.execute(sql, prepare=False).fetchone()[0]


def ef_search(connection):
    return ask(connection, "SHOW vecprov.ef_search")


def error(call):
    try:
        call()
    except psycopg.Error as e:
        return str(e)
    return "no error"


def settings(bouncer, direct):
    one, other = bouncer.connect(), bouncer.connect()
    with one.transaction():
        one.execute("SET LOCAL vecprov.ef_search = 200")
        same(ef_search(one), "200", "SET LOCAL holds in its transaction")
    same((ef_search(one), ef_search(other)), ("40", "40"), "and ends with it")
    same(ef_search(bouncer.connect("tuned")), "77", "ALTER ROLE ... SET")
    same(ef_search(bouncer.connect(database="set")), "55", "connect_query")

    direct.execute("ALTER ROLE app SET vecprov.ef_search = 88")
    same(ef_search(one), "40", "ALTER ROLE ... SET is not for connections that are open")
    bouncer.connect("admin", "pgbouncer", prepare_threshold=None).execute("RECONNECT")
    same(ef_search(one), "88", "but for those behind RECONNECT")
    direct.execute("ALTER ROLE app RESET vecprov.ef_search")

    one.execute("SET vecprov.ef_search = 200")
    same(ef_search(other), "200", "SET changes it for others")
    one.execute("RESET vecprov.ef_search")
    same(ask(one, "SELECT count(*) FROM vecprov_search('items_v_idx', ARRAY['[1,2,3]']::vector[], 5, ef_search => 99)"),
         5, "vecprov_search with ef_search")
    same("unsupported startup parameter" in error(lambda: bouncer.connect(options="-c vecprov.ef_search=99")), True,
         "options are refused")


# Each time, another client has the connection to the server that this one used before.
def statements(bouncer, version):
    clients = [bouncer.connect(prepare_threshold=0) for _ in range(4)]

    def search():
        for turn in range(8):
            for client in clients:
                client.execute("SELECT id FROM items ORDER BY v <-> %s::vector LIMIT 3", ("[1,2,3]",))
            with clients[turn % 4].transaction():
                clients[turn % 4].execute("SELECT 1")
                clients[(turn + 1) % 4].execute("SELECT id FROM items ORDER BY v <-> %s::vector LIMIT 3", ("[1,2,3]",))

    # they came with 1.21, and are on by default since 1.24
    works = error(search) == "no error"
    same(works, version >= (1, 24), "prepared statements of a driver")
    one, other = bouncer.connect(), bouncer.connect()
    one.execute("PREPARE mine AS SELECT 1", prepare=False)
    with other.transaction():
        ask(other, "SELECT 1")
        with one.transaction():
            same("does not exist" in error(lambda: one.execute("EXECUTE mine", prepare=False)), True, "SQL's PREPARE is lost")


def refusals(bouncer, direct):
    direct.execute("INSERT INTO vecprov.limits (write_records) VALUES (1)")
    one = bouncer.connect()
    field = None
    for _ in range(20):
        try:
            one.execute("INSERT INTO items SELECT max(id) + 1, '[1,2,3]' FROM items", prepare=False)
        except psycopg.errors.InsufficientResources as e:
            field = e.diag.constraint_name
            break
    same(re.sub(r"\d+", "N", field or ""), "wait_ms=N needs=N rate=N burst=N", "a refusal comes with its field")
    direct.execute("DELETE FROM vecprov.limits")


def main():
    version = tuple(map(int, re.search(r"(\d+)\.(\d+)", subprocess.check_output(["pgbouncer", "--version"], text=True)).groups()))
    print(f"# PgBouncer {version[0]}.{version[1]}")
    direct = psycopg.connect("", autocommit=True)
    for sql in ("CREATE EXTENSION vecprov", "CREATE ROLE app LOGIN", "CREATE ROLE tuned LOGIN",
                "ALTER ROLE tuned SET vecprov.ef_search = 77", "CREATE TABLE items (id int PRIMARY KEY, v vector(3))",
                "INSERT INTO items SELECT i, ARRAY[i % 7, i % 11, i % 13]::vector FROM generate_series(1, 500) i",
                "CREATE INDEX items_v_idx ON items USING vecprov (v)", "GRANT ALL ON items TO app"):
        direct.execute(sql)
    with tempfile.TemporaryDirectory() as folder:
        bouncer = Bouncer(folder)
        try:
            settings(bouncer, direct)
            statements(bouncer, version)
            refusals(bouncer, direct)
        finally:
            bouncer.close()
        bouncer = Bouncer(folder, "ignore_startup_parameters = options")
        try:
            same(ef_search(bouncer.connect(options="-c vecprov.ef_search=99")), "40", "options that are ignored are lost")
        finally:
            bouncer.close()
    print(f"1..{count}")


main()
