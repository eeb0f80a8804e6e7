"""The modules for ann-benchmarks and VectorDBBench, driven as these drive them.

	modules.py ann_benchmarks|vectordb_bench

The frameworks need not be installed: stand-ins of what the modules import from
them are made here, by the interfaces that they document. ann-benchmarks' data
come from an HDF5 file of the layout that its data sets have. The server is the
one that libpq's variables name.
"""

import importlib.util
import os
import sys
import tempfile
import types
from enum import Enum

HERE = os.path.dirname(os.path.abspath(__file__))
ROWS, QUERIES, DIMS, K = 3000, 50, 24, 10
count = 0


def check(ok, name, detail=None):
    global count
    count += 1
    print(f"{'ok' if ok else 'not ok'} {count} - {name}")
    if not ok:
        print(f"# {detail!r}")


def skip_without(*names):
    for name in names:
        if importlib.util.find_spec(name) is None:
            print(f"ok 1 # skip there is no python3-{name} here")
            sys.exit(0)


def stand_in(name, **contents):
    """A module, and the packages that it is in."""
    parts = name.split(".")
    for i in range(1, len(parts)):
        package = sys.modules.setdefault(".".join(parts[:i]), types.ModuleType(".".join(parts[:i])))
        package.__path__ = []
    module = types.ModuleType(name)
    module.__dict__.update(contents)
    sys.modules[name] = module


def load(path, name):
    spec = importlib.util.spec_from_file_location(name, os.path.join(HERE, path))
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def clusters(numpy, rows, seed):
    """Vectors with neighbours: 30 clusters with noise around them."""
    centres = numpy.random.default_rng(7).normal(size=(30, DIMS))
    noise = numpy.random.default_rng(seed)
    return (centres[noise.integers(30, size=rows)] + 0.3 * noise.normal(size=(rows, DIMS))).astype("f4")


def distances(numpy, metric, vectors, query):
    if metric == "euclidean":
        return numpy.linalg.norm(vectors - query, axis=1)
    if metric == "ip":
        return -(vectors @ query)
    return 1 - (vectors @ query) / numpy.linalg.norm(vectors, axis=1) / numpy.linalg.norm(query)


def recall(found, wanted):
    hits = sum(len(set(f) & set(w)) for f, w in zip(found, wanted))
    return hits / sum(len(w) for w in wanted)


def plan_of(connection, condition, operator, table):
    vector = "[" + ",".join("1" for _ in range(DIMS)) + "]"
    rows = connection.execute(f"EXPLAIN SELECT id FROM {table} {condition} ORDER BY v {operator} '{vector}' LIMIT {K}")
    return "\n".join(row[0] for row in rows)


# ann-benchmarks ---------------------------------------------------------------


def write_hdf5(name, metric):
    import h5py
    import numpy

    train, test = clusters(numpy, ROWS, 1), clusters(numpy, QUERIES, 2)
    near = numpy.array([numpy.argsort(distances(numpy, metric, train, q), kind="stable")[:100] for q in test])
    far = numpy.array([distances(numpy, metric, train[n], q) for n, q in zip(near, test)])
    with h5py.File(name, "w") as file:
        file.attrs["type"] = "dense"
        file.attrs["distance"] = metric
        file.attrs["dimension"] = DIMS
        file.attrs["point_type"] = "float"
        for key, value in (("train", train), ("test", test), ("neighbors", near), ("distances", far)):
            file.create_dataset(key, data=value)


def ann_benchmarks():
    skip_without("numpy", "h5py", "psycopg")
    import h5py
    import numpy

    class BaseANN:
        def done(self):
            pass

        def batch_query(self, X, n):
            self.res = [self.query(q, n) for q in X]

        def get_batch_results(self):
            return self.res

    stand_in("ann_benchmarks.algorithms.base.module", BaseANN=BaseANN)
    module = load("ann_benchmarks/module.py", "ann_benchmarks.algorithms.vecprov.module")
    for metric, operator in (("euclidean", "<->"), ("angular", "<=>")):
        with tempfile.TemporaryDirectory() as directory:
            name = os.path.join(directory, "set.hdf5")
            write_hdf5(name, metric)
            with h5py.File(name, "r") as file:
                train, test = numpy.array(file["train"]), numpy.array(file["test"])
                wanted = [row[:K] for row in numpy.array(file["neighbors"])]
                distance = file.attrs["distance"]
        algorithm = module.Vecprov(distance, {"M": 16, "efConstruction": 64})
        check(algorithm.get_memory_usage() == 0, f"{metric}: no memory before fit()")
        algorithm.fit(train)
        stored = algorithm.connection.execute("SELECT id, v::float4[] FROM ann_items ORDER BY id").fetchall()
        check([row[0] for row in stored] == list(range(ROWS)), f"{metric}: all rows, numbered from 0")
        check((numpy.array([row[1] for row in stored], dtype="f4") == train).all(), f"{metric}: bit by bit")
        check("Index Scan using ann_items_v_idx" in plan_of(algorithm.connection, "", operator, "ann_items"), f"{metric}: by the index")
        check(algorithm.get_memory_usage() > 0, f"{metric}: memory of the index")
        recalls = []
        for ef_search in (10, 200):
            algorithm.set_query_arguments(ef_search)
            check(f"ef_search={ef_search}" in str(algorithm), f"{metric}: its name tells ef_search = {ef_search}", str(algorithm))
            found = [algorithm.query(query, K) for query in test]
            check(all(len(set(f)) == K for f in found), f"{metric}: {K} different rows for each query")
            recalls.append(recall(found, wanted))
        check(recalls[1] >= 0.99, f"{metric}: the neighbours of the file", recalls)
        algorithm.batch_query(test, K)
        check(algorithm.get_batch_results() == found, f"{metric}: all at once, the same")
        algorithm.done()
        algorithm.done()
    try:
        module.Vecprov("hamming", {"M": 16, "efConstruction": 64})
        check(False, "a distance that it has not is refused")
    except NotImplementedError:
        check(True, "a distance that it has not is refused")


# VectorDBBench ----------------------------------------------------------------


def vectordb_bench():
    skip_without("numpy", "psycopg")
    import numpy
    import psycopg

    class MetricType(str, Enum):
        L2, COSINE, IP, DP, HAMMING, JACCARD = "L2", "COSINE", "IP", "DP", "HAMMING", "JACCARD"

    class FilterOp(str, Enum):
        NumGE, StrEqual, NonFilter = "NumGE", "Label", "NonFilter"

    class BaseModel:
        def __init__(self, **values):
            self.__dict__.update(values)

    class VectorDB:
        def need_normalize_cosine(self):
            return False

    def a_filter(**values):
        return types.SimpleNamespace(**values)

    clients = "vectordb_bench.backend.clients"
    stand_in("pydantic", BaseModel=BaseModel)
    stand_in("vectordb_bench.backend.filter", Filter=object, FilterOp=FilterOp)
    stand_in(f"{clients}.api", VectorDB=VectorDB, MetricType=MetricType, DBCaseConfig=type("DBCaseConfig", (), {}),
        DBConfig=type("DBConfig", (BaseModel,), {}))
    config = load("vectordb_bench/config.py", f"{clients}.vecprov.config")
    module = load("vectordb_bench/vecprov.py", f"{clients}.vecprov.vecprov")

    train, test = clusters(numpy, ROWS, 1), clusters(numpy, QUERIES, 2)
    ids = list(range(ROWS))
    labels = [f"label_{20 if i % 5 == 0 else 80}p" for i in ids]
    for metric, name, operator in (("L2", "euclidean", "<->"), ("COSINE", "angular", "<=>"), ("IP", "ip", "<#>")):
        case = config.VecprovIndexConfig(metric_type=MetricType(metric), ef_search=200)
        where = config.VecprovConfig(conninfo="").to_dict()
        client = module.Vecprov(DIMS, where, case, collection_name="vdb items", drop_old=True, with_scalar_labels=True)

        def search(condition):
            rows = [i for i in ids if condition(i)]
            wanted = [numpy.array(rows)[numpy.argsort(distances(numpy, name, train[rows], q))[:K]] for q in test]
            return recall([client.search_embedding(q.tolist(), k=K) for q in test], wanted)

        with client.init():
            for first in range(0, ROWS, 1000):
                part = slice(first, first + 1000)
                got = client.insert_embeddings(train[part].tolist(), ids[part], labels_data=labels[part])
                check(got == (1000, None), f"{metric}: {first + 1000} rows", got)
            got, error = client.insert_embeddings([[1.0] * (DIMS + 1)], [ROWS], labels_data=["x"])
            check(got == 0 and isinstance(error, psycopg.Error), f"{metric}: an error is returned", (got, error))
            client.optimize(data_size=ROWS)
            check(client.connection.execute('SELECT count(*), sum(id) FROM "vdb items"').fetchone() == (ROWS, sum(ids)), f"{metric}: all are there")
        # as in another process
        with client.init():
            for kind, condition, test_of in (
                (a_filter(type=FilterOp.NonFilter), "", lambda i: True),
                (a_filter(type=FilterOp.NumGE, int_value=ROWS - 300), f"WHERE id >= {ROWS - 300}", lambda i: i >= ROWS - 300),
                (a_filter(type=FilterOp.StrEqual, label_value="label_20p"), "WHERE label = 'label_20p'", lambda i: i % 5 == 0),
            ):
                client.prepare_filter(kind)
                check(search(test_of) >= 0.98, f"{metric}: the nearest, filter {kind.type.value}", search(test_of))
                plan = plan_of(client.connection, condition, operator, '"vdb items"')
                check('Index Scan using "vdb items_v_idx"' in plan and "Filter" not in plan, f"{metric}: all by the index", plan)
        check(client.connection is None, f"{metric}: the connection is closed")


{"ann_benchmarks": ann_benchmarks, "vectordb_bench": vectordb_bench}[sys.argv[1]]()
print(f"1..{count}")
