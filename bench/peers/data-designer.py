"""NVIDIA NeMo Data Designer on the work of bench/pure.ts and bench/http.ts.

    python -m venv venv && venv/bin/pip install data-designer
    venv/bin/python bench/peers/data-designer.py samplers ROWS
    venv/bin/python bench/peers/data-designer.py expressions ROWS
    venv/bin/python bench/peers/data-designer.py chain URL ROWS MAX_PARALLEL BUFFER_SIZE

Prints one JSON object; bench/peers/run.ts starts the server and all of them. It is a peer to compare with, not a dependency.
"""

import json
import os
import resource
import sys
import tempfile
import time

scratch = tempfile.TemporaryDirectory(prefix="data-designer-bench-")
os.environ["DATA_DESIGNER_HOME"] = scratch.name
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["NEMO_TELEMETRY_ENABLED"] = "false"
for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
    os.environ.pop(name, None)

import data_designer.config as dd
from data_designer.interface import DataDesigner


def samplers(builder, with_expressions):
    sampler = lambda name, kind, params, **rest: builder.add_column(
        dd.SamplerColumnConfig(name=name, sampler_type=kind, params=params, **rest)
    )
    sampler("id", "uuid", {"prefix": "r-", "short_form": True})
    sampler("product", "category", {"values": ["lamp", "chair", "desk", "shelf"], "weights": [4, 3, 2, 1]})
    sampler("price", "uniform", {"low": 5, "high": 500})
    sampler("weight", "gaussian", {"mean": 10, "stddev": 2})
    sampler("returned", "bernoulli", {"p": 0.1})
    sampler("sold", "datetime", {"start": "2024-01-01", "end": "2025-01-01", "unit": "D"})
    if not with_expressions:
        return
    expression = lambda name, text: builder.add_column(dd.ExpressionColumnConfig(name=name, expr=text))
    expression("title", "{{ product | upper }} {{ id }}")
    expression("gross", "{{ price * 1.19 }}")
    expression("note", "{% if returned %}returned{% else %}kept{% endif %}")
    expression("line", "{{ title }}: {{ gross }} ({{ note }})")


def chain(builder):
    builder.add_column(
        dd.SamplerColumnConfig(
            name="subject", sampler_type="uniform", params={"low": 0, "high": 1e9}, convert_to="int"
        )
    )
    builder.add_column(
        dd.LLMTextColumnConfig(
            name="part_0", model_alias="writer", prompt="Write part 0 of what follows.\nstory {{ subject }}"
        )
    )
    builder.add_column(
        dd.LLMTextColumnConfig(
            name="part_1", model_alias="writer", prompt="Write part 1 of what follows.\n{{ part_0 }}"
        )
    )


def main(what, *given):
    models, providers, run = [], [], {"otel_metrics_port": None}
    if what == "chain":
        url, rows, parallel, buffer_size = given
        run["buffer_size"] = int(buffer_size)
        providers = [dd.ModelProvider(name="bench", endpoint=url, api_key="none")]
        models = [
            dd.ModelConfig(
                alias="writer",
                model="test",
                provider="bench",
                skip_health_check=True,
                inference_parameters=dd.ChatCompletionInferenceParams(
                    max_parallel_requests=int(parallel), temperature=0.7
                ),
            )
        ]
    else:
        (rows,) = given
    builder = dd.DataDesignerConfigBuilder(model_configs=models)
    if what == "chain":
        chain(builder)
    else:
        samplers(builder, with_expressions=what == "expressions")
    designer = DataDesigner(artifact_path=scratch.name, model_providers=providers or None)
    designer.set_run_config(dd.RunConfig(**run))
    began = time.perf_counter()
    cpu = time.process_time()
    results = designer.create(builder, num_records=int(rows), dataset_name="bench")
    seconds = time.perf_counter() - began
    print(
        json.dumps(
            {
                "what": what,
                "given": given,
                "records": len(results.load_dataset()),
                "seconds": round(seconds, 3),
                "cpu_seconds": round(time.process_time() - cpu, 3),
                "max_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
            }
        )
    )


main(*sys.argv[1:])
scratch.cleanup()
