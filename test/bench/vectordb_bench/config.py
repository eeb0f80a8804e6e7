"""What a run of VectorDBBench against vecprov is told: where, and how the index is made."""

from pydantic import BaseModel

from ..api import DBCaseConfig, DBConfig, MetricType

OPERATORS = {
    MetricType.L2: ("vector_l2_ops", "<->"),
    MetricType.IP: ("vector_ip_ops", "<#>"),
    MetricType.DP: ("vector_ip_ops", "<#>"),
    MetricType.COSINE: ("vector_cosine_ops", "<=>"),
}


class VecprovConfig(DBConfig):
    # of libpq: "host=db port=5432 dbname=bench user=me"; the password may be in PGPASSWORD
    conninfo: str = "dbname=postgres"

    def to_dict(self) -> dict:
        return {"conninfo": self.conninfo}


class VecprovIndexConfig(BaseModel, DBCaseConfig):
    metric_type: MetricType | None = None
    m: int = 16
    ef_construction: int = 64
    ef_search: int = 100

    def index_param(self) -> dict:
        return {
            "operator_class": OPERATORS[self.metric_type][0],
            "m": self.m,
            "ef_construction": self.ef_construction,
        }

    def search_param(self) -> dict:
        return {"operator": OPERATORS[self.metric_type][1], "ef_search": self.ef_search}
