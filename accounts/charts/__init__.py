"""The geometry of the charts: pure, standard library only. Templates turn it into SVG.

Across, everything is percent of the plot's width, so that text stays crisp however wide the page
is; upwards, everything is pixels.
"""

from accounts.charts.calls import CallChart
from accounts.charts.sparkline import Sparkline

__all__ = ["CallChart", "Sparkline"]
