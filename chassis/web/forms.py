"""What a person typed: read into a model, or given back as it was with a sentence at each field.

Text is stripped and brought to Unicode form C; an empty field counts as left out; control and direction characters
are refused, and line breaks are let through only where the field is `multiline`. Days are written as Finns write
them, 24.11.2026, and times 13.00; a field of the model that is a `date` or `time` is read from that.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time
from typing import Annotated, Any, Generic, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError
from starlette.datastructures import FormData, UploadFile

from chassis.web.problems import field_sentence, pointers
from chassis.web.texts import N_, Texts

KEY = "form_key"
"""Hidden field of each form: the same form sent twice happens once."""
_UNSEEN = re.compile("[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")

_DAY = re.compile(r"(\d{1,2})[. ,/]+(\d{1,2})[. ,/]+(\d{4})")
_CLOCK = re.compile(r"(\d{1,2})(?:[.:](\d{2}))?")
_SENTENCES = {"date": N_("Write the day, such as 24.11.2026."), "time": N_("Write the time, such as 13.00.")}

M = TypeVar("M", bound=BaseModel)


@dataclass
class Form(Generic[M]):
    """`values` is what was typed, `errors` a sentence for each field that was not taken, `model` what was read;
    `labels` are the names of the fields that the page has shown."""

    values: Mapping[str, str | list[str]] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    model: M | None = None
    labels: dict[str, str] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return self.model is not None and not self.errors

    @property
    def read(self) -> M:
        """The model; raises `LookupError` where the form has errors: look at `ok` first."""
        if self.model is None:
            raise LookupError("the form was not read")
        return self.model

    def refuse(self, name: str, sentence: str) -> None:
        """A rule of ours says no: the sentence stands at the field (or above all of them, with name "")."""
        self.errors[name] = sentence

    def named(self, name: str, label: str) -> None:
        """The page shows this field under this label; the summary of errors uses it."""
        self.labels[name] = label

    def value(self, name: str, default: Any = "") -> str:
        """What stands in a field: typed, or else the default."""
        typed = self.values.get(name, default)
        return typed if isinstance(typed, str) else "" if typed is None else str(typed)

    def has(self, name: str, choice: str) -> bool:
        """Whether a choice is ticked."""
        typed = self.values.get(name, "")
        return choice == typed if isinstance(typed, str) else choice in typed


def blank(**values: Any) -> Form[Any]:
    """A form that nobody has sent yet, with what shall stand in it to begin with."""
    return Form({name: [_written(v) for v in value] if isinstance(value, list | tuple) else _written(value)
                 for name, value in values.items() if value is not None})


def read(
    data: FormData, model: type[M], texts: Texts, sentences: Mapping[str, str] | None = None,
    multiline: Iterable[str] = (),
) -> Form[M]:
    """A sent form. `sentences` are said at a field that has content which does not fit, instead of the general one."""
    values: dict[str, str | list[str]] = {}
    errors: dict[str, str] = {}
    for name in dict.fromkeys(data.keys()):
        if name == KEY:
            continue
        typed = [_clean(value) for value in data.getlist(name) if isinstance(value, str)]
        allowed = "\n" if name in multiline else ""
        if any(_UNSEEN.search(value) or ("\n" in value and not allowed) for value in typed):
            errors[name] = field_sentence("control", texts)
            typed = [_UNSEEN.sub("", value) if allowed else _UNSEEN.sub("", value.replace("\n", " "))
                     for value in typed]
        values[name] = typed if _is_list(model, name) else "".join(typed[:1])
    given = {name: _understood(model, name, value) for name, value in values.items() if value not in ("", [])}
    try:
        read = model.model_validate({**given, **_files(data)})
    except ValidationError as fault:
        for pointer, kind in pointers(fault.errors(include_input=False, include_context=False, include_url=False)):
            name = pointer.split("/")[1] if pointer else ""
            own = (sentences or {}).get(name) if kind != "missing" else None
            errors.setdefault(name, own or _sentence(kind, texts))
        return Form(values, errors)
    return Form(values, errors, None if errors else read)


def digest(data: FormData) -> bytes:
    """What makes two sendings of a form the same: names, texts and files, in order."""
    whole = hashlib.sha256()
    for name, value in data.multi_items():
        if name == KEY:
            continue
        content = value.encode() if isinstance(value, str) else value.file.read()
        if isinstance(value, UploadFile):
            value.file.seek(0)
        for part in (name.encode(), content):
            whole.update(len(part).to_bytes(8, "big") + part)
    return whole.digest()


def fields_of(data: FormData) -> Sequence[tuple[str, str]]:
    """All typed fields, to be kept over a sign-in."""
    return [(name, value) for name, value in data.multi_items() if isinstance(value, str)]


def _sentence(kind: str, texts: Texts) -> str:
    what = kind.partition("_")[0]
    return texts.gettext(_SENTENCES[what]) if what in _SENTENCES else field_sentence(kind, texts)


def _written(value: Any) -> str:
    """A value as it stands in a field."""
    if isinstance(value, bool):
        return "yes" if value else ""
    if isinstance(value, date):
        return f"{value.day}.{value.month}.{value.year}"
    return f"{value.hour}.{value.minute:02}" if isinstance(value, time) else str(value)


def _understood(model: type[BaseModel], name: str, value: str | list[str]) -> Any:
    """Days and times as Finns write them; everything else as it is."""
    if isinstance(value, list):
        return [v for v in value if v]
    known = model.model_fields.get(name)
    kinds = {get_args(k)[0] if get_origin(k) is Annotated else k for k in get_args(known.annotation) or
             [known.annotation]} if known else set()
    try:
        if date in kinds and (day := _DAY.fullmatch(value)):
            return date(int(day[3]), int(day[2]), int(day[1]))
        if date in kinds:
            return date.fromisoformat(value)
        if time in kinds and (clock := _CLOCK.fullmatch(value)):
            return time(int(clock[1]), int(clock[2] or 0))
    except ValueError:
        return value
    return value


def _clean(value: str) -> str:
    return unicodedata.normalize("NFC", value.replace("\r\n", "\n").replace("\r", "\n")).strip()


def _is_list(model: type[BaseModel], name: str) -> bool:
    known = model.model_fields.get(name)
    return known is not None and get_origin(known.annotation) in (list, tuple, set, frozenset)


def _files(data: FormData) -> dict[str, bytes]:
    return {name: value.file.read() for name, value in data.multi_items()
            if isinstance(value, UploadFile) and value.filename}
