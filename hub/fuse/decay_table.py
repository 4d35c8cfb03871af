#!/usr/bin/env python3
"""Prints decay_table.inc: d per mille = floor(1000 (1 - (i/1024)^(1/speed))) for i = 0..1023, one row of
numbers a speed. Decimal arithmetic, so that every machine prints the same numbers."""
from decimal import Decimal, getcontext, ROUND_FLOOR

getcontext().prec = 60
for name, speed in (("0_55", "0.55"), ("0_7", "0.7"), ("0_3", "0.3"), ("0_5", "0.5")):
    power = 1 / Decimal(speed)
    row = []
    for i in range(1024):
        share = Decimal(i) / 1024
        fallen = Decimal(0) if i == 0 else (share.ln() * power).exp()
        row.append(int((1000 * (1 - fallen)).to_integral_value(ROUND_FLOOR)))
    print(f"static const uint16_t speed_{name}[DECAY_STEPS] = {{")
    for at in range(0, 1024, 20):
        print("        " + " ".join(f"{d}," for d in row[at:at + 20]))
    print("};")
