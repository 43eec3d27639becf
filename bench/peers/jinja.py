"""Python's Jinja2 on the templates of bench/templates.ts.

    python -m venv venv && venv/bin/pip install jinja2

Reads lines of JSON. The first has "templates", "contexts" and "rounds"; it is answered by the
version and, for each template, the text of the first context. Each line after it names a template
and is answered by the microseconds of one render, as the process spent them. bench/templates.ts
starts it and takes turns with it. It is a peer to compare with, not a dependency.
"""

import json
import sys
import time

import jinja2
from jinja2.sandbox import SandboxedEnvironment


def answer(value):
    print(json.dumps(value), flush=True)


work = json.loads(sys.stdin.readline())
plain, sandboxed = jinja2.Environment(), SandboxedEnvironment()
templates = {
    f"{kind} {name}": environment.from_string(source)
    for name, source in work["templates"].items()
    for kind, environment in (("plain", plain), ("sandboxed", sandboxed))
}
contexts, rounds = work["contexts"], work["rounds"]
answer(
    {
        "jinja2": jinja2.__version__,
        "python": sys.version.split()[0],
        "texts": {name: template.render(contexts[0]) for name, template in templates.items()},
    }
)

for line in sys.stdin:
    template = templates[json.loads(line)]
    started = time.process_time()
    characters = 0
    for _ in range(rounds):
        for context in contexts:
            characters += len(template.render(context))
    spent = time.process_time() - started
    answer({"microseconds": spent * 1e6 / (rounds * len(contexts)), "characters": characters})
