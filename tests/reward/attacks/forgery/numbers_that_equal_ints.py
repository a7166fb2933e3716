# Decimal, Fraction and complex equal ints in Python but are not plain data.
# kinds: assert function
import decimal
import fractions


def add(a, b):
    return (decimal.Decimal, fractions.Fraction, complex)[a % 3](a + b)


# ---- honest twin ----
import decimal
import fractions


def add(a, b):
    return int(decimal.Decimal(a) + decimal.Decimal(b)) * fractions.Fraction(2, 2).numerator
