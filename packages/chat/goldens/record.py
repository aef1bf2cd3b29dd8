"""Renders templates with Jinja2 as Hugging Face's apply_chat_template does. Needs the Python package jinja2.

    python3 record.py          renders the cases of jinja2.json and writes the texts there
    python3 record.py --check  reads {"template", "variables"} objects, one JSON text per line, and writes one text or null per line
"""

import json
import pathlib
import sys
from datetime import datetime

import jinja2
from jinja2.ext import Extension, loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment


class Generation(Extension):
    """The tag around what the assistant says. It changes no text."""

    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("_call"), [], [], body).set_lineno(line)

    def _call(self, caller):
        return caller()


def raise_exception(message):
    raise jinja2.exceptions.TemplateError(message)


def tojson(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols])
environment.filters["tojson"] = tojson
environment.globals["raise_exception"] = raise_exception
environment.globals["strftime_now"] = lambda form: datetime.now().strftime(form)


def render(template, variables):
    try:
        return environment.from_string(template).render(**variables)
    except Exception:
        return None


def record(path):
    golden = json.loads(path.read_text())
    variables = golden["variables"]
    lines = [
        "{",
        f' "madeBy": {json.dumps(f"Jinja2 {jinja2.__version__} with the settings of Hugging Face transformers, by record.py")},',
        f' "variables": {json.dumps(variables)},',
        f' "chats": {json.dumps(golden["chats"])},',
        ' "templates": [',
        ",\n".join("  " + json.dumps([source, render(source, variables)]) for source, _ in golden["templates"]),
        " ],",
        ' "chatTexts": [',
    ]
    texts = []
    chats = golden["chats"]
    for template, source in chats["templates"].items():
        for messages, given in chats["messages"].items():
            for options, more in chats["options"].items():
                text = render(source, {"messages": given, "tools": None, "documents": None, **more})
                texts.append("  " + json.dumps([template, messages, options, text]))
    lines += [",\n".join(texts), " ]", "}", ""]
    path.write_text("\n".join(lines))


if "--check" in sys.argv:
    for line in sys.stdin:
        case = json.loads(line)
        print(json.dumps(render(case["template"], case["variables"])))
else:
    record(pathlib.Path(__file__).with_name("jinja2.json"))
