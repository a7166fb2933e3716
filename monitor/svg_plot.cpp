#include "monitor/svg_plot.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>

#include "base/error.h"
#include "base/utf8.h"

namespace grpo::monitor {
namespace {

constexpr std::array<const char*, 7> kColours{"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                              "#e69f00", "#56b4e9", "#000000"};

std::string escape(std::string_view text) {
  std::string out;
  for (const char c : sanitize_utf8(text)) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        // XML 1.0 knows no other control characters, not even escaped.
        out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
  }
  return out;
}

struct Interval {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();

  void include(double value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
  /// Never empty, so that a constant series is a line through the middle.
  void widen() {
    if (low < high) return;
    const double margin = low == 0 ? 1 : std::abs(low) * 0.1;
    low -= margin;
    high += margin;
  }
};

/// Where the data lie, and the rectangle of the page they are drawn in.
struct Frame {
  Interval x, y;
  double left, right, top, bottom;

  double page_x(double value) const {
    return left + (value - x.low) / (x.high - x.low) * (right - left);
  }
  double page_y(double value) const {
    return bottom - (value - y.low) / (y.high - y.low) * (bottom - top);
  }
};

bool is_drawn(const Series& line, std::size_t i) {
  return std::isfinite(line.x[i]) && std::isfinite(line.y[i]);
}

Frame make_frame(const PlotOptions& options, const std::vector<Series>& series) {
  Interval x, y;
  for (const auto& line : series) {
    check(line.x.size() == line.y.size(), "plot: {}: {} values of x, {} of y", line.name,
          line.x.size(), line.y.size());
    for (std::size_t i = 0; i < line.x.size(); ++i) {
      if (!is_drawn(line, i)) continue;
      x.include(line.x[i]);
      y.include(line.y[i]);
    }
  }
  check(x.low <= x.high, "plot: {}: no finite point to draw", options.title);
  x.widen();
  y.widen();
  const double margin = 0.04 * (y.high - y.low);
  y.low -= y.low >= 0 && y.low < margin ? y.low : margin;  // do not show a share below 0
  y.high += margin;
  const double top = options.title.empty() ? 16 : 44;
  return {x,   y,
          64,  options.width - 20.0,
          top, options.height - (options.x_label.empty() ? 32.0 : 52.0)};
}

std::string draw_grid(const Frame& frame) {
  std::string out;
  for (const double tick : nice_ticks(frame.y.low, frame.y.high, 6)) {
    const double y = frame.page_y(tick);
    out += fmt::format(
        "<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"#e4e4e4\"/>\n"
        "<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"end\">{:.6g}</text>\n",
        frame.left, y, frame.right, y, frame.left - 8, y + 4, tick);
  }
  for (const double tick : nice_ticks(frame.x.low, frame.x.high, 8)) {
    const double x = frame.page_x(tick);
    out += fmt::format(
        "<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"#888\"/>\n"
        "<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">{:.6g}</text>\n",
        x, frame.bottom, x, frame.bottom + 5, x, frame.bottom + 20, tick);
  }
  out += fmt::format("<path d=\"M{:.1f} {:.1f}V{:.1f}H{:.1f}\" fill=\"none\" stroke=\"#888\"/>\n",
                     frame.left, frame.top, frame.bottom, frame.right);
  return out;
}

std::string draw_line(const Frame& frame, const Series& line, const char* colour) {
  std::string path, dots;
  bool pen_down = false;
  for (std::size_t i = 0; i < line.x.size(); ++i) {
    const bool drawn = is_drawn(line, i);
    if (drawn) {
      const double x = frame.page_x(line.x[i]), y = frame.page_y(line.y[i]);
      path += fmt::format("{}{:.1f} {:.1f}", pen_down ? 'L' : 'M', x, y);
      // A point between two gaps has no line to show it.
      const bool alone = !pen_down && (i + 1 == line.x.size() || !is_drawn(line, i + 1));
      if (alone)
        dots += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"2.5\" fill=\"{}\"/>\n", x, y,
                            colour);
    }
    pen_down = drawn;
  }
  return fmt::format(
      "<path d=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"2\" "
      "stroke-linejoin=\"round\"/>\n{}",
      path, colour, dots);
}

/// In the corner that holds the fewest points.
std::string draw_legend(const Frame& frame, const std::vector<Series>& series) {
  std::size_t longest = 0;
  for (const auto& line : series) longest = std::max(longest, display_width(line.name));
  const double width = 44 + 7.2 * static_cast<double>(longest);
  const double height = 10 + 18.0 * static_cast<double>(series.size());
  double best_x = 0, best_y = 0;
  std::size_t fewest = std::numeric_limits<std::size_t>::max();
  for (const double y : {frame.top + 6, frame.bottom - height - 6}) {
    for (const double x : {frame.left + 10, frame.right - width - 4}) {
      std::size_t covered = 0;
      for (const auto& line : series) {
        for (std::size_t i = 0; i < line.x.size(); ++i) {
          if (!is_drawn(line, i)) continue;
          const double dx = frame.page_x(line.x[i]) - x, dy = frame.page_y(line.y[i]) - y;
          covered += dx >= 0 && dx <= width && dy >= 0 && dy <= height ? 1 : 0;
        }
      }
      if (covered >= fewest) continue;
      fewest = covered;
      best_x = x;
      best_y = y;
    }
  }
  std::string out = fmt::format(
      "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" rx=\"3\" fill=\"#fff\" "
      "fill-opacity=\"0.85\" stroke=\"#ccc\"/>\n",
      best_x, best_y, width, height);
  for (std::size_t i = 0; i < series.size(); ++i) {
    const double y = best_y + 14 + 18.0 * static_cast<double>(i);
    out += fmt::format(
        "<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"{}\" "
        "stroke-width=\"2\"/>\n"
        "<text x=\"{:.1f}\" y=\"{:.1f}\">{}</text>\n",
        best_x + 8, y, best_x + 28, y, kColours[i % kColours.size()], best_x + 36, y + 4,
        escape(series[i].name));
  }
  return out;
}

}  // namespace

std::vector<double> nice_ticks(double low, double high, int count) {
  check(low < high && count >= 1 && std::isfinite(high - low), "no ticks between {} and {}", low,
        high);
  const double raw = (high - low) / count;
  const double power = std::pow(10.0, std::floor(std::log10(raw)));
  const double lead = raw / power;  // in [1, 10)
  const double step = power * (lead < 1.5 ? 1 : lead < 3.5 ? 2 : lead < 7.5 ? 5 : 10);
  std::vector<double> ticks;
  // Multiples, not sums: 0.1 + 0.1 + 0.1 is not 0.3. A hair of tolerance keeps an end that is
  // round.
  const double first = std::ceil(low / step - 1e-9), last = std::floor(high / step + 1e-9);
  for (int k = 0; first + k <= last; ++k) {
    const double tick = (first + k) * step;
    // Where neighbouring numbers are further apart than ticks, some ticks are the same number.
    if (ticks.empty() || tick > ticks.back()) ticks.push_back(tick);
  }
  return ticks;
}

std::string svg_plot(const PlotOptions& options, const std::vector<Series>& series) {
  const Frame frame = make_frame(options, series);
  std::string out = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} "
      "{1}\" "
      "font-family=\"system-ui, Helvetica, Arial, sans-serif\" font-size=\"12\" fill=\"#333\">\n"
      "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n",
      options.width, options.height);
  if (!options.title.empty()) {
    out +=
        fmt::format("<text x=\"{:.1f}\" y=\"26\" font-size=\"16\" font-weight=\"600\">{}</text>\n",
                    frame.left, escape(options.title));
  }
  out += draw_grid(frame);
  if (!options.x_label.empty()) {
    out +=
        fmt::format("<text x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">{}</text>\n",
                    (frame.left + frame.right) / 2, options.height - 12, escape(options.x_label));
  }
  if (!options.y_label.empty()) {
    const double middle = (frame.top + frame.bottom) / 2;
    out += fmt::format(
        "<text transform=\"translate(16 {:.1f}) rotate(-90)\" text-anchor=\"middle\">{}</text>\n",
        middle, escape(options.y_label));
  }
  for (std::size_t i = 0; i < series.size(); ++i) {
    out += draw_line(frame, series[i], kColours[i % kColours.size()]);
  }
  if (series.size() > 1) out += draw_legend(frame, series);
  return out + "</svg>\n";
}

}  // namespace grpo::monitor
