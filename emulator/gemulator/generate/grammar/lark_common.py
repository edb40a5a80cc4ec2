"""Terminals of `%import common.NAME`, simplified because they are only sampled."""

from collections.abc import Mapping

from gemulator.generate.grammar.nodes import Literal, Node, Pattern

COMMON: Mapping[str, Node] = {
    "DIGIT": Pattern("[0-9]"),
    "HEXDIGIT": Pattern("[0-9a-f]"),
    "INT": Pattern("[1-9][0-9]{0,3}"),
    "SIGNED_INT": Pattern("-?[1-9][0-9]{0,3}"),
    "DECIMAL": Pattern("[1-9][0-9]{0,2}\\.[0-9]{1,2}"),
    "_EXP": Pattern("[eE][+-]?[0-9]{1,2}"),
    "FLOAT": Pattern("[1-9][0-9]{0,2}\\.[0-9]{1,2}"),
    "SIGNED_FLOAT": Pattern("-?[1-9][0-9]{0,2}\\.[0-9]{1,2}"),
    "NUMBER": Pattern("[1-9][0-9]{0,3}(\\.[0-9])?"),
    "SIGNED_NUMBER": Pattern("-?[1-9][0-9]{0,3}(\\.[0-9])?"),
    "ESCAPED_STRING": Pattern('"[a-z]{3,9}"'),
    "LCASE_LETTER": Pattern("[a-z]"),
    "UCASE_LETTER": Pattern("[A-Z]"),
    "LETTER": Pattern("[a-zA-Z]"),
    "WORD": Pattern("[a-z]{3,9}"),
    "CNAME": Pattern("[a-z][a-z_]{2,8}"),
    "WS_INLINE": Literal(" "),
    "WS": Literal(" "),
    "CR": Literal("\r"),
    "LF": Literal("\n"),
    "NEWLINE": Literal("\n"),
    "SH_COMMENT": Pattern("#[a-z ]{3,12}"),
    "CPP_COMMENT": Pattern("//[a-z ]{3,12}"),
    "C_COMMENT": Pattern("/\\*[a-z ]{3,12}\\*/"),
    "SQL_COMMENT": Pattern("--[a-z ]{3,12}"),
}
