"""Texts that nginx fills in with variables: in which words it looks for them, and what it cannot read there.

Source: ngx_http_script_compile() in src/http/ngx_http_script.c.
"""

from tuner.source.regex import regex

USED_VARIABLE = regex(r"\$(?:[1-9]|\{(?P<inner>[A-Za-z0-9_]*)(?P<close>\}?)|(?P<name>[A-Za-z0-9_]*))")
USING = {
    **dict.fromkeys(("map", "split_clients", "limit_req_zone", "limit_conn_zone"), (0, 1)),
    **dict.fromkeys(
        ("proxy_pass", "fastcgi_pass", "root", "alias", "proxy_cache_key", "fastcgi_cache_key"), (0, 1)
    ),
    **dict.fromkeys(("set", "proxy_set_header", "add_header", "fastcgi_param", "return", "rewrite"), (1, 2)),
    **dict.fromkeys(("try_files", "fastcgi_no_cache", "fastcgi_cache_bypass"), (0, None)),
    **dict.fromkeys(("proxy_no_cache", "proxy_cache_bypass"), (0, None)),
    "log_format": (1, None),
    "error_page": (-1, None),
}
"""Directives in whose words nginx looks for variables, and in which: from the first to before the second."""


def variable_fault(text: str) -> str:
    """Return what nginx says of the variables in a text that it compiles, or nothing."""
    for used in USED_VARIABLE.finditer(text):
        inner, name = used["inner"], used["name"]
        if inner and not used["close"]:
            return f'the closing bracket in "{inner}" variable is missing'
        if inner == "" or name == "":
            return "invalid variable name"
    return ""
