"""A Hypothesis strategy of what a JSON schema allows: as much of it as the control API uses."""

from typing import Any

from hypothesis import strategies as st

OPEN = st.none() | st.booleans() | st.integers() | st.text(max_size=9)


def allowed(schema: dict[str, Any], document: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Draw what a schema allows.

    Args:
        schema: Of types, enumerations, bounds, properties, items, oneOf and references.
        document: In which the references lead somewhere.
    """
    if "$ref" in schema:
        found: Any = document
        for step in schema["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        return allowed(found, document)
    if "oneOf" in schema:
        return st.one_of([allowed(one, document) for one in schema["oneOf"]])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return st.one_of([_of_type(name, schema, document) for name in types])


def _of_type(name: str, schema: dict[str, Any], document: dict[str, Any]) -> st.SearchStrategy[Any]:
    least, most = schema.get("minimum"), schema.get("maximum")
    match name:
        case "null":
            return st.none()
        case "boolean":
            return st.booleans()
        case "integer":
            return st.integers(least, most)
        case "number":
            over = schema.get("exclusiveMinimum")
            return st.floats(
                least if over is None else over,
                most,
                exclude_min=over is not None,
                allow_nan=False,
                allow_infinity=False,
            )
        case "string":
            return st.text(max_size=20)
        case "array":
            return st.lists(allowed(schema["items"], document), max_size=3)
    properties = {key: allowed(of, document) for key, of in schema.get("properties", {}).items()}
    required = {key: properties.pop(key) for key in schema.get("required", ())}
    known = st.fixed_dictionaries(required, optional=properties)
    if schema.get("additionalProperties") is False:
        return known
    return st.builds(lambda more, own: {**more, **own}, st.dictionaries(st.text(), OPEN), known)
