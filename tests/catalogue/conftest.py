"""A catalogue small enough to see through."""

import pytest

TABLES = {
    "accelerators": """\
id,vendor,family,stack,bf16_tflops,source,as_of
alpha,acme,A,cuda,100,data sheet,2026
beta,bolt,B,xla,200,data sheet,2026
""",
    "regions": """\
id,provider,country,zone,source,as_of
north/fi,north,FI,eu,map,2026
south/us,south,US,us,map,2026
""",
    "offers": """\
id,accelerator,region,contract,term,chips_per_unit,price_usd_per_unit_hour,supply_total,source,as_of
fi-alpha,alpha,north/fi,on_demand,,8,16,10,list,2026-11
fi-alpha-1y,alpha,north/fi,reserved,12 months,8,10,20,list,2026-11
us-beta,beta,south/us,on_demand,,4,6,,list,2026-11
""",
    "profiles": """\
id,kind,unit,rate_per,scales_with,source,as_of
chat,inference,tokens,second,bf16_tflops,bench,2026
""",
    "throughput": """\
profile,accelerator,value,low,high,source,as_of,confidence
chat,alpha,1000,900,1100,bench,2026,measured
""",
}
SCENARIO = """\
name: small
horizon: {start: 2027-01-01, periods: 4, period: quarter}
catalogue:
  folder: prices
  offers: [{}]
workloads:
  - {id: talk, kind: inference, demand: 10 k, throughput_profile: chat, unmet_usd_per_unit: 1}
"""


@pytest.fixture
def prices(tmp_path):
    """Return a function that writes the small catalogue, with some tables replaced, and returns its folder."""

    def write(**changed):
        folder = tmp_path / "prices"
        folder.mkdir(exist_ok=True)
        for name, text in {**TABLES, **changed}.items():
            content = text if isinstance(text, bytes) else text.encode()
            (folder / f"{name}.csv").write_bytes(content)
        return folder

    return write


@pytest.fixture
def scenario_file(tmp_path, prices):
    """Return a function that writes a scenario beside the small catalogue, with its catalogue block replaced."""

    def write(block=None, text=SCENARIO):
        prices()
        path = tmp_path / "small.yaml"
        path.write_text(text.replace("  offers: [{}]\n", block) if block is not None else text, encoding="utf-8")
        return path

    return write
