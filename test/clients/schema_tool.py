# What the tests of Python's schema tools share: what no output of theirs may say.

import re

import psycopg

# Relations of the extension, or its schema: "USING vecprov" is the application's.
OURS = re.compile(r'(^|[\s"(,])"?vecprov"?\.|schema\W+vecprov|\b(tiers|rates|limits|quotas|shards|replicas|workers|metrics)\b'
                  r'|table_oid', re.IGNORECASE)
count = 0


def check(ok, name, detail=None):
    global count
    count += 1
    print(f"{'ok' if ok else 'not ok'} {count} - {name}")
    if not ok:
        print(f"# {detail!r}")


def unseen(text, name):
    check(not OURS.search(text), f"{name}: nothing of vecprov", text)


def unharmed():
    """Are relations of the extension, the table and the index as they were?"""
    with psycopg.connect() as connection:
        rows = connection.execute("SELECT i.tier, count(*) FROM vecprov.indexes i, vecprov.tiers GROUP BY 1").fetchall()
    check(rows == [("r10", 2)], "vecprov is as it was", rows)


def finish():
    print(f"1..{count}")
