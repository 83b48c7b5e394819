"""`make bench`: every figure beside a named alternative, measured in the same run. Machines are noisy: read ratios."""

from __future__ import annotations

from tests.bench import bench_desk, bench_discord, bench_dispatch, bench_pairing, bench_process, bench_slack, bench_tick

for part in (bench_dispatch, bench_desk, bench_slack, bench_discord, bench_tick, bench_process, bench_pairing):
    part.print_report()
    print()
