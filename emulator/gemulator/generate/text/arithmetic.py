"""Sums in a prompt: "What is 17 * 23?"."""

import ast
import operator
import re
from collections.abc import Callable
from fractions import Fraction

_SUM = re.compile(r"[-(\d][\d\s.,()]{0,40}(?:[-+*/x×÷^][\d\s.,()]{1,41}){1,20}(?<=[\d)])")
# Text allowed around the sum: none, or a short question.
_ASKED = re.compile(
    r"(?:(?:what|how much|how many|calculate|compute|solve|evaluate|was|wie ?viel|berechne|rechne|combien|calcule"
    r"|cu[aá]nto|calcula|quanto|計算|多少|等于|얼마|계산|كم|कितना)\b.{0,24})?"
    r"[^\w]*(?:は|是|는|은)?[^\w]*(?:いくつ|いくら|多少|等于多少|얼마)?[^\w]*",
    re.I | re.S,
)
_LARGEST = 10**15
_SIGNS = str.maketrans({"×": "*", "x": "*", "÷": "/", ",": ""})
_WORK: dict[type, Callable[[Fraction, Fraction], Fraction]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


def solve(prompt: str) -> str | None:
    """Return "2 + 2 = 4" for a prompt that is little more than a sum, otherwise None."""
    found = _SUM.search(prompt[:200])
    if found is None or not _ASKED.fullmatch(prompt[:200].replace(found[0], " ").strip()) or len(prompt) > 200:
        return None
    try:
        tree = ast.parse(found[0].translate(_SIGNS).replace("^", "**").strip(), mode="eval")
        return f"{found[0].strip()} = {_format(_value(tree.body))}"
    except (SyntaxError, ValueError, ArithmeticError, RecursionError, MemoryError):
        return None


def _value(node: ast.expr) -> Fraction:
    match node:
        case ast.Constant(int() | float() as number):
            made = Fraction(str(number))
        case ast.UnaryOp(ast.USub(), inner):
            made = -_value(inner)
        case ast.BinOp(left, ast.Pow(), ast.Constant(int(power))) if power <= 20:
            made = _value(left) ** power
        case ast.BinOp(left, sign, right) if type(sign) in _WORK:
            made = _WORK[type(sign)](_value(left), _value(right))
        case _:
            raise ValueError(node)
    if abs(made) > _LARGEST:
        raise OverflowError(made)
    return made


def _format(number: Fraction) -> str:
    return str(number.numerator) if number.denominator == 1 else f"{float(number):.6f}".rstrip("0").rstrip(".")
