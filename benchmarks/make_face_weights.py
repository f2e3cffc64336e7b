"""Make the weights that ship with weft: ``sync/learned/models/grid.npz``.

    python benchmarks/make_face_weights.py      # needs ../shared/data/faces and torch; some minutes on one core

Trained on seven people of the GRID corpus (CC BY 4.0). Its last unit is fitted across people: on what a
network trained on s1 gives on the other six, and the other way round, as `bench_faces.py` measures both.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from grid_people import clips_of_others, clips_of_s1, load, pairs_of

from weft.sync.learned.choice import SHIPPED
from weft.sync.learned.judge import share_found, with_head
from weft.sync.learned.network import save_network
from weft.sync.learned.train import train_network

ABOUT = (
    "85 clips of speaker s1 and seven clips of six other people of the GRID audiovisual sentence corpus "
    "(Cooke, Barker, Cunningham, Shao 2006; CC BY 4.0)"
)
OTHERS_TIMES = 6
"""The six count as much as the one: their clips are offered so many times more often each."""


def main() -> None:
    """Train twice across people for the last unit, once on everybody for the rest."""
    s1, others = pairs_of(load(clips_of_s1())), pairs_of(load(clips_of_others()))
    heads = []
    for learned, judged in ((s1, others), (others, s1)):
        network = with_head(train_network(learned), judged)
        heads.append(network.head)
        print(f"across people: within 40 ms in {share_found(network, judged):.0%} of 10 s", flush=True)
    network = train_network([*s1, *others * OTHERS_TIMES], about=ABOUT)
    slope, bias = np.mean(heads, axis=0)
    SHIPPED.parent.mkdir(exist_ok=True)
    save_network(replace(network, head=(float(slope), float(bias))), SHIPPED)
    print(f"{SHIPPED}: {network.size:,} numbers, {SHIPPED.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
