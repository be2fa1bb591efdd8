# Reads lines "BITS TEXT" and counts those whose text is not the number as RFC 8785 (ECMAScript) writes it,
# made from repr, which gives the same shortest digits in another layout. Prints the first few and the sum.
import struct
import sys


def ecmascript(x):
    if x == 0:
        return "0"
    sign = "-" if x < 0 else ""
    mantissa, _, exponent = repr(abs(x)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    point = len(whole) + int(exponent or 0)
    digits = whole + fraction
    point -= len(digits) - len(digits.lstrip("0"))
    digits = digits.strip("0")
    k = len(digits)
    if k <= point <= 21:
        return sign + digits + "0" * (point - k)
    if 0 < point <= 21:
        return sign + digits[:point] + "." + digits[point:]
    if -6 < point <= 0:
        return sign + "0." + "0" * -point + digits
    e = point - 1
    return sign + digits[0] + ("." + digits[1:] if k > 1 else "") + "e" + ("+" if e > 0 else "-") + str(abs(e))


n = n_bad = 0
for line in sys.stdin:
    bits, text = line.split()
    expected = ecmascript(struct.unpack(">d", bytes.fromhex(bits))[0])
    n += 1
    if text != expected:
        n_bad += 1
        if n_bad <= 10:
            print(bits, "is", text, "and not", expected)
print(n, "numbers,", n_bad, "others than expected")
