"""Draws a figure: sweep_plot.py PICTURE... , the figure as JSON on standard input (sweep_output.figure makes it).

A program of its own, because the Python that has matplotlib need not be the one that runs the tools.
"""

import json
import os
import sys
import tempfile

# matplotlib keeps a cache of fonts, and wants a folder for it that can be written.
os.environ.setdefault("MPLCONFIGDIR", os.path.join(tempfile.gettempdir(), f"matplotlib-{os.getuid()}"))

import matplotlib  # noqa: E402  (its folder must be set first)

matplotlib.use("Agg")

from matplotlib import pyplot  # noqa: E402
from matplotlib.ticker import EngFormatter, FixedLocator, MaxNLocator, NullLocator  # noqa: E402

# Okabe and Ito's colours, which colour-blind readers tell apart
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = "osD^vPX"
STYLES = {"opt": {"color": "black", "linestyle": "--", "linewidth": 1.6},
          "lru": {"color": "grey", "linestyle": ":", "linewidth": 1.4},
          "fifo": {"color": "grey", "linestyle": "-.", "linewidth": 1.0}}
PANEL_INCHES = (6.0, 3.8)
TITLE_INCHES, LEGEND_INCHES = 0.5, 0.4
DOTS_PER_INCH = 120


def draw(figure, pictures):
    panels = figure["panels"]
    columns = min(2, len(panels))
    rows = -(-len(panels) // columns)
    height = PANEL_INCHES[1] * rows + TITLE_INCHES + LEGEND_INCHES
    canvas, axes = pyplot.subplots(rows, columns, squeeze=False, figsize=(PANEL_INCHES[0] * columns, height))
    places = [place for line in axes for place in line]
    for place, panel in zip(places, panels):
        _draw_panel(place, panel, figure)
    for place in places[len(panels):]:
        place.set_axis_off()
    handles = {label: handle for place in places for handle, label in zip(*place.get_legend_handles_labels())}
    canvas.suptitle(figure["title"], fontsize=11)
    free = places[len(panels):]
    if free:
        free[0].legend(handles.values(), handles.keys(), loc="center", frameon=False, fontsize=11)
    else:
        canvas.legend(handles.values(), handles.keys(), loc="lower center", ncol=min(len(handles), 4 * columns),
                      frameon=False)
    canvas.tight_layout(rect=(0, 0 if free else LEGEND_INCHES / height, 1, 1 - TITLE_INCHES / 4 / height))
    for picture in pictures:
        canvas.savefig(picture, dpi=DOTS_PER_INCH, metadata={"Date": None} if picture.endswith(".svg") else None)


def _draw_panel(place, panel, figure):
    colour = 0
    for line in panel["lines"]:
        x, y = zip(*line["points"])
        if line["style"] == "measured":
            place.plot(x, y, color=COLOURS[colour % len(COLOURS)], marker=MARKERS[colour % len(MARKERS)],
                       markersize=4.5, linewidth=1.5, label=line["label"] or "measured")
            colour += 1
        else:
            place.plot(x, y, zorder=1, label=line["label"], **STYLES[line["style"]])
    if figure["logarithmic"]:
        place.set_xscale("log", base=2)
    if figure["ticks"] and all(tick.isdigit() for tick in figure["ticks"]):
        place.xaxis.set_major_locator(FixedLocator([int(tick) for tick in figure["ticks"]]))
        place.xaxis.set_minor_locator(NullLocator())
        place.set_xticklabels(figure["ticks"])
    place.set_ylim(0, max(1, 1.05 * max(y for line in panel["lines"] for _, y in line["points"])))
    place.yaxis.set_major_locator(MaxNLocator(nbins=7, integer=True))
    place.yaxis.set_major_formatter(EngFormatter(sep=""))
    place.set_xlabel(figure["x_label"])
    place.set_ylabel(panel["label"])
    place.grid(alpha=0.3)


if __name__ == "__main__":
    draw(json.load(sys.stdin), sys.argv[1:])
