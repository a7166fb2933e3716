#pragma once

#include <string>
#include <vector>

namespace grpo::monitor {

/// One line of a chart. x and y of equal length; a point that is not finite interrupts the line.
struct Series {
  std::string name;
  std::vector<double> x;
  std::vector<double> y;
};

struct PlotOptions {
  std::string title;
  std::string x_label;
  std::string y_label;
  int width = 720;
  int height = 400;
};

/// Round numbers (1, 2 or 5 times a power of ten apart) that lie within [low, high], about `count`
/// of them. low < high, else Error.
std::vector<double> nice_ticks(double low, double high, int count);

/// A line chart as an SVG document that needs no script and no font file: grid, axes, legend (for
/// more than one series), colours that colour-blind readers tell apart (Okabe and Ito, 2008).
/// Throws Error when no series has a finite point, or x and y differ in length.
std::string svg_plot(const PlotOptions& options, const std::vector<Series>& series);

}  // namespace grpo::monitor
