//! Charts as SVG: curves, and curves over a function of two variables.

use std::ops::Range;

use anyhow::{Result, anyhow};
use contour::ContourBuilder;
use plotters::coord::Shift;
use plotters::coord::ranged1d::{AsRangedCoord, ValueFormatter};
use plotters::prelude::*;
use plotters::style::{FontDesc, TextStyle};

use super::colours::{self, Colour};

/// Size of one panel on the page.
const PANEL: [u32; 2] = [460, 340];
/// Units of the drawing in one of the page: plotters places points at whole units.
const FINE: u32 = 8;
/// Side of the grid on which a function of two variables is sampled.
const GRID_SIDE: usize = 81;
/// Colours that a map is made of.
const MAP_LEVELS: f64 = 32.0;

/// Points of a curve, in order.
pub(crate) type Points = Vec<(f64, f64)>;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// One chart of a figure.
#[derive(Debug, Clone)]
pub(crate) struct Panel {
    title: String,
    x: Axis,
    y: Axis,
    backdrop: Option<Backdrop>,
    series: Vec<Series>,
    /// Where the legend lies; without a place, where it hides least.
    legend: Option<SeriesLabelPosition>,
}

/// An axis: what it measures, from where to where.
#[derive(Debug, Clone)]
pub(crate) struct Axis {
    label: String,
    range: Range<f64>,
    scale: Scale,
}

/// How values become lengths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scale {
    /// Equal differences are equal lengths.
    Linear,
    /// Equal ratios are equal lengths; all values are above 0.
    Log,
}

/// What lies behind the curves.
#[derive(Debug, Clone)]
enum Backdrop {
    Contours { field: Field, levels: Vec<f64> },
    Map(Field),
}

/// A function of two variables, sampled on a grid, row by row from the lowest `y`.
#[derive(Debug, Clone)]
struct Field {
    values: Vec<f64>,
}

/// A curve or a set of points.
#[derive(Debug, Clone)]
pub(crate) struct Series {
    label: String,
    points: Points,
    colour: Colour,
    mark: Mark,
}

/// How a series is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    /// A line.
    Line,
    /// A thin line behind the others.
    Thin,
    /// A dashed line.
    Dashed,
    /// Dots.
    Dots,
    /// Dots with a black border, for maps.
    Marbles,
    /// A line with a dot at every point.
    Path,
}

impl Axis {
    /// A linear axis.
    pub(crate) fn linear(label: impl Into<String>, range: Range<f64>) -> Self {
        Self {
            label: label.into(),
            range,
            scale: Scale::Linear,
        }
    }

    /// An axis that holds all values that it can show, with some air.
    pub(crate) fn fitting(
        label: impl Into<String>,
        scale: Scale,
        values: impl IntoIterator<Item = f64>,
    ) -> Self {
        let shown = values.into_iter().filter(|&value| scale.can_show(value));
        let (low, high) = shown.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (low.min(value), high.max(value))
        });
        let range = match (scale, low < high) {
            (Scale::Log, true) => low / 1.3..high * 1.3,
            (Scale::Log, false) if high > 0.0 => high / 10.0..high * 10.0,
            (Scale::Log, false) => 0.1..10.0,
            (Scale::Linear, true) => low - 0.04 * (high - low)..high + 0.04 * (high - low),
            (Scale::Linear, false) if high.is_finite() && high != 0.0 => {
                high - high.abs() / 2.0..high + high.abs() / 2.0
            }
            (Scale::Linear, false) if high.is_finite() => -1.0..1.0,
            (Scale::Linear, false) => 0.0..1.0,
        };
        Self {
            label: label.into(),
            range,
            scale,
        }
    }
}

impl Axis {
    /// Where a value lies: 0 at the start of the axis, 1 at its end.
    fn place(&self, value: f64) -> f64 {
        let length = |value: f64| match self.scale {
            Scale::Linear => value,
            Scale::Log => value.ln(),
        };
        let (start, end) = (length(self.range.start), length(self.range.end));
        (length(value) - start) / (end - start)
    }

    /// A tick's label. On a linear axis, what is 0 but for rounding is 0.
    fn tick(&self, value: f64) -> String {
        let length = self.range.end - self.range.start;
        match self.scale {
            Scale::Linear if value.abs() < 1e-9 * length => tick(0.0),
            _ => tick(value),
        }
    }
}

impl Scale {
    fn can_show(self, value: f64) -> bool {
        value.is_finite() && (self == Self::Linear || value > 0.0)
    }
}

impl Series {
    /// A series with its name in the legend; an empty name leaves it out of there.
    pub(crate) fn new(
        label: impl Into<String>,
        colour: Colour,
        mark: Mark,
        points: impl IntoIterator<Item = (f64, f64)>,
    ) -> Self {
        Self {
            label: label.into(),
            points: points.into_iter().collect(),
            colour,
            mark,
        }
    }

    /// Whether axes of these scales can show a point of it.
    pub(crate) fn has_points(&self, x: Scale, y: Scale) -> bool {
        let mut points = self.points.iter();
        points.any(|point| x.can_show(point.0) && y.can_show(point.1))
    }

    /// The smallest and the largest finite value; none without one.
    pub(crate) fn range(&self) -> Option<Range<f64>> {
        let finite = self.points.iter().map(|point| point.1);
        let finite = finite.filter(|value| value.is_finite());
        let ends = finite.map(|value| (value, value));
        let ends = ends.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
        ends.map(|(least, most)| least..most)
    }

    /// Values against their index, from 0.
    pub(crate) fn by_index(label: impl Into<String>, colour: Colour, values: &[f64]) -> Self {
        let points = values.iter().enumerate().map(|(i, &y)| (i as f64, y));
        Self::new(label, colour, Mark::Line, points)
    }
}

/// The points at which a field is sampled, row by row from the lowest `y`.
fn grid(x: &Axis, y: &Axis) -> Vec<(f64, f64)> {
    let at = |range: &Range<f64>, i: usize| {
        range.start + (range.end - range.start) * i as f64 / (GRID_SIDE - 1) as f64
    };
    (0..GRID_SIDE * GRID_SIDE)
        .map(|i| (at(&x.range, i % GRID_SIDE), at(&y.range, i / GRID_SIDE)))
        .collect()
}

impl Panel {
    /// A chart without curves.
    pub(crate) fn new(title: impl Into<String>, x: Axis, y: Axis) -> Self {
        Self {
            title: title.into(),
            x,
            y,
            backdrop: None,
            series: vec![],
            legend: None,
        }
    }

    /// A chart of curves, its axes as long as they need.
    pub(crate) fn of(
        title: impl Into<String>,
        (x_label, x_scale): (&str, Scale),
        (y_label, y_scale): (&str, Scale),
        series: Vec<Series>,
    ) -> Self {
        let points = || series.iter().flat_map(|series| &series.points);
        let x = Axis::fitting(x_label, x_scale, points().map(|point| point.0));
        let y = Axis::fitting(y_label, y_scale, points().map(|point| point.1));
        Self {
            series,
            ..Self::new(title, x, y)
        }
    }

    /// Adds a series.
    pub(crate) fn with(mut self, series: Series) -> Self {
        self.series.push(series);
        self
    }

    /// Puts the legend where the figure has room for it.
    pub(crate) fn legend_upper_right(mut self) -> Self {
        self.legend = Some(SeriesLabelPosition::UpperRight);
        self
    }

    /// Puts lines of equal height of `f` behind the curves, at these levels. Both axes are linear.
    pub(crate) fn contours(mut self, levels: &[f64], f: impl Fn(f64, f64) -> f64) -> Self {
        let points = grid(&self.x, &self.y).into_iter();
        self.backdrop = Some(Backdrop::Contours {
            field: Field {
                values: points.map(|(x, y)| f(x, y)).collect(),
            },
            levels: levels.to_vec(),
        });
        self
    }

    /// Puts a function behind the curves as colours: blue for -1, white for 0, red for 1. `f` gives
    /// its values at all points at once. Both axes are linear.
    pub(crate) fn map(mut self, f: impl FnOnce(&[(f64, f64)]) -> Vec<f64>) -> Self {
        let values = f(&grid(&self.x, &self.y));
        self.backdrop = Some(Backdrop::Map(Field { values }));
        self
    }
}

/// `count` numbers from `start` to `end`, evenly apart.
pub(crate) fn spread(start: f64, end: f64, count: usize) -> Vec<f64> {
    let step = (end - start) / (count - 1) as f64;
    (0..count).map(|i| start + step * i as f64).collect()
}

/// `count` levels between the smallest and the largest value, denser below if `power` is above 1.
pub(crate) fn levels(range: Range<f64>, count: usize, power: f64) -> Vec<f64> {
    let share = |i: usize| ((i as f64 + 0.5) / count as f64).powf(power);
    (0..count)
        .map(|i| range.start + (range.end - range.start) * share(i))
        .collect()
}

/// The panels in rows of `columns`, as SVG.
///
/// # Errors
///
/// If plotters fails: an axis without length, for example.
pub(crate) fn figure(panels: &[Panel], columns: usize) -> Result<String> {
    let columns = columns.min(panels.len());
    let rows = panels.len().div_ceil(columns);
    let (width, height) = (PANEL[0] * columns as u32, PANEL[1] * rows as u32);
    let mut svg = String::new();
    {
        let fine = (FINE * width, FINE * height);
        let root = SVGBackend::with_string(&mut svg, fine).into_drawing_area();
        for (panel, area) in panels.iter().zip(root.split_evenly((rows, columns))) {
            panel.draw(&area)?;
        }
        root.present().map_err(plotters_failed)?;
    }
    let drawn = format!("width=\"{}\" height=\"{}\"", FINE * width, FINE * height);
    let shown = format!("class=\"figure\" width=\"{width}\" height=\"{height}\"");
    Ok(svg.replacen(&drawn, &shown, 1).replacen(
        "</svg>",
        &format!("{}</svg>", colours::style()),
        1,
    ))
}

fn plotters_failed(error: impl std::fmt::Display) -> anyhow::Error {
    anyhow!("a figure cannot be drawn: {error}")
}

fn text_style(size: u32) -> TextStyle<'static> {
    FontDesc::new(
        FontFamily::SansSerif,
        f64::from(FINE * size),
        FontStyle::Normal,
    )
    .color(&Colour::INK.rgb())
}

/// A tick's label: as short as it can be.
fn tick(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        1e-3..1e5 => {
            let text = format!("{value:.4}");
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        _ => format!("{value:.0e}"),
    }
}

impl Panel {
    fn draw(&self, area: &Area) -> Result<()> {
        let (x, y) = (self.x.range.clone(), self.y.range.clone());
        match (self.x.scale, self.y.scale) {
            (Scale::Linear, Scale::Linear) => self.draw_on(area, x, y),
            (Scale::Linear, Scale::Log) => self.draw_on(area, x, y.log_scale()),
            (Scale::Log, Scale::Linear) => self.draw_on(area, x.log_scale(), y),
            (Scale::Log, Scale::Log) => self.draw_on(area, x.log_scale(), y.log_scale()),
        }
    }

    fn draw_on<X, Y>(&self, area: &Area, x: X, y: Y) -> Result<()>
    where
        X: AsRangedCoord<Value = f64>,
        Y: AsRangedCoord<Value = f64>,
        X::CoordDescType: ValueFormatter<f64>,
        Y::CoordDescType: ValueFormatter<f64>,
    {
        let mut chart = ChartBuilder::on(area)
            .caption(&self.title, text_style(18))
            .margin(FINE * 8)
            .margin_right(FINE * 16)
            .x_label_area_size(FINE * 38)
            .y_label_area_size(FINE * 58)
            .build_cartesian_2d(x, y)
            .map_err(plotters_failed)?;
        if let Some(Backdrop::Map(field)) = &self.backdrop {
            for (corners, value) in self.map_cells(field) {
                let [red, green, blue] = colours::diverging(value);
                let style = RGBColor(red, green, blue).filled();
                let cell = Rectangle::new(corners, style);
                chart
                    .draw_series(std::iter::once(cell))
                    .map_err(plotters_failed)?;
            }
        }
        chart
            .configure_mesh()
            .x_desc(&self.x.label)
            .y_desc(&self.y.label)
            .x_labels(7)
            .y_labels(7)
            .x_label_formatter(&|value| self.x.tick(*value))
            .y_label_formatter(&|value| self.y.tick(*value))
            .label_style(text_style(15))
            .axis_desc_style(text_style(16))
            .axis_style(Colour::INK.rgb().stroke_width(FINE))
            .bold_line_style(self.grid_style())
            .set_all_tick_mark_size(FINE * 5)
            .max_light_lines(1)
            .light_line_style(TRANSPARENT)
            .draw()
            .map_err(plotters_failed)?;
        if let Some(Backdrop::Contours { field, levels }) = &self.backdrop {
            for (line, height) in self.contour_lines(field, levels)? {
                let [red, green, blue] = colours::sequential(height);
                chart
                    .draw_series(LineSeries::new(
                        line,
                        RGBColor(red, green, blue).stroke_width(FINE),
                    ))
                    .map_err(plotters_failed)?;
            }
        }
        for series in &self.series {
            let colour = series.colour.rgb();
            let style = match series.mark {
                Mark::Thin => colour.stroke_width(FINE),
                _ => colour.stroke_width(FINE * 2),
            };
            let points = series
                .points
                .iter()
                .copied()
                .filter(|&(x, y)| self.x.scale.can_show(x) && self.y.scale.can_show(y));
            let drawn = match series.mark {
                Mark::Line | Mark::Thin => chart.draw_series(LineSeries::new(points, style)),
                Mark::Dashed => {
                    chart.draw_series(DashedLineSeries::new(points, FINE * 6, FINE * 4, style))
                }
                Mark::Dots => {
                    chart.draw_series(points.map(|p| Circle::new(p, FINE * 3, colour.filled())))
                }
                Mark::Marbles => {
                    let border = Colour::BLACK.rgb().filled();
                    let borders = points.clone().map(|p| Circle::new(p, FINE * 6, border));
                    chart.draw_series(borders).map_err(plotters_failed)?;
                    chart.draw_series(points.map(|p| Circle::new(p, FINE * 4, colour.filled())))
                }
                Mark::Path => {
                    let dots = points
                        .clone()
                        .map(|p| Circle::new(p, FINE * 2, colour.filled()));
                    chart.draw_series(dots).map_err(plotters_failed)?;
                    chart.draw_series(LineSeries::new(points, colour.stroke_width(FINE)))
                }
            }
            .map_err(plotters_failed)?;
            if !series.label.is_empty() {
                let dots = series.mark == Mark::Dots;
                drawn.label(&series.label).legend(move |(x, y)| {
                    let unit = FINE as i32;
                    let (ends, width) = if dots { ([6, 12], 6) } else { ([0, 18], 2) };
                    let ends = ends.map(|end| (x + unit * end, y));
                    PathElement::new(ends, colour.stroke_width(FINE * width))
                });
            }
        }
        if self.series.iter().any(|series| !series.label.is_empty()) {
            chart
                .configure_series_labels()
                .position(
                    self.legend
                        .clone()
                        .unwrap_or_else(|| self.emptiest_corner()),
                )
                .margin(FINE * 6)
                .legend_area_size(FINE * 24)
                .label_font(text_style(15))
                .draw()
                .map_err(plotters_failed)?;
        }
        Ok(())
    }

    /// Lines of the grid; a map does without.
    fn grid_style(&self) -> ShapeStyle {
        match self.backdrop {
            Some(Backdrop::Map(_)) => TRANSPARENT.into(),
            _ => Colour::GRID.rgb().stroke_width(FINE),
        }
    }

    /// The corner with the fewest points of a series: where the legend hides least.
    fn emptiest_corner(&self) -> SeriesLabelPosition {
        let points = || self.series.iter().flat_map(|series| &series.points);
        let crowd = |right: bool, upper: bool| {
            let side = |place: f64, far: bool| if far { place > 0.5 } else { place < 0.5 };
            points()
                .filter(|&&(x, y)| side(self.x.place(x), right) && side(self.y.place(y), upper))
                .filter(|&&(_, y)| (self.y.place(y) - 0.5).abs() > 0.15)
                .count()
        };
        let corners = [
            (SeriesLabelPosition::UpperRight, crowd(true, true)),
            (SeriesLabelPosition::UpperLeft, crowd(false, true)),
            (SeriesLabelPosition::LowerRight, crowd(true, false)),
            (SeriesLabelPosition::LowerLeft, crowd(false, false)),
        ];
        let emptiest = corners.into_iter().min_by_key(|(_, crowd)| *crowd);
        emptiest.map_or(SeriesLabelPosition::UpperRight, |(corner, _)| corner)
    }

    /// Rectangles of equal colour, each as long as it can be, with their values.
    fn map_cells(&self, field: &Field) -> Vec<([(f64, f64); 2], f64)> {
        let quantised = |value: f64| (value * MAP_LEVELS).round() / MAP_LEVELS;
        let side = |range: &Range<f64>| (range.end - range.start) / GRID_SIDE as f64;
        let (width, height) = (side(&self.x.range), side(&self.y.range));
        let mut cells = vec![];
        for (j, row) in field.values.chunks(GRID_SIDE).enumerate() {
            let bottom = self.y.range.start + height * j as f64;
            let mut left = 0;
            for run in row.chunk_by(|a, b| quantised(*a) == quantised(*b)) {
                let x = |i: usize| self.x.range.start + width * i as f64;
                let corners = [(x(left), bottom), (x(left + run.len()), bottom + height)];
                cells.push((corners, quantised(run[0])));
                left += run.len();
            }
        }
        cells
    }

    /// Lines of equal height, with the height as a share of all levels.
    fn contour_lines(&self, field: &Field, levels: &[f64]) -> Result<Vec<(Points, f64)>> {
        let step = |range: &Range<f64>| (range.end - range.start) / (GRID_SIDE - 1) as f64;
        let (dx, dy) = (step(&self.x.range), step(&self.y.range));
        // A sample lies in the middle of its cell.
        let contours = ContourBuilder::new(GRID_SIDE, GRID_SIDE, true)
            .x_step(dx)
            .y_step(dy)
            .x_origin(self.x.range.start - dx / 2.0)
            .y_origin(self.y.range.start - dy / 2.0)
            .lines(&field.values, levels)
            .map_err(plotters_failed)?;
        let inside = |range: &Range<f64>, value: f64| value >= range.start && value <= range.end;
        let mut lines = vec![];
        for (i, contour) in contours.iter().enumerate() {
            let height = i as f64 / (levels.len().max(2) - 1) as f64;
            for ring in &contour.geometry().0 {
                let points = ring.0.iter().map(|point| (point.x, point.y));
                let mut points = points.collect::<Vec<_>>();
                // Rings close along the border, half a cell outside: those parts are no contour.
                let outside = |&(x, y): &_| !inside(&self.x.range, x) || !inside(&self.y.range, y);
                if let Some(start) = points.iter().position(outside) {
                    // The last point is the first one again.
                    points.pop();
                    points.rotate_left(start);
                }
                let parts = points.split(outside);
                lines.extend(
                    parts
                        .filter(|part| part.len() > 1)
                        .map(|part| (part.to_vec(), height)),
                );
            }
        }
        Ok(lines)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn elements(svg: &str, name: &str) -> usize {
        let document = roxmltree::Document::parse(svg).unwrap();
        document
            .descendants()
            .filter(|node| node.has_tag_name(name))
            .count()
    }

    #[test]
    fn a_chart_has_its_curves_labels_and_both_themes() {
        let series = vec![
            Series::by_index("falling <fast>", Colour::BLUE, &[1.0, 0.1, 0.01]),
            Series::new("dots", Colour::RED, Mark::Dots, [(0.0, 0.5), (1.0, 0.2)]),
        ];
        let panel = Panel::of(
            "Loss",
            ("step", Scale::Linear),
            ("loss", Scale::Log),
            series,
        );
        let svg = figure(&[panel.clone(), panel], 2).unwrap();
        assert_eq!(elements(&svg, "circle"), 4);
        let document = roxmltree::Document::parse(&svg).unwrap();
        let texts = document
            .descendants()
            .filter(|node| node.has_tag_name("text"))
            .filter_map(|node| node.text().map(str::trim))
            .collect::<Vec<_>>();
        for text in ["Loss", "step", "falling <fast>", "dots", "0.1"] {
            assert!(texts.contains(&text), "{text} in {texts:?}");
        }
        assert!(svg.contains("prefers-color-scheme: dark"));
    }

    #[test]
    fn contours_of_a_cone_are_circles_and_keep_off_the_border() {
        let square = || Axis::linear("x", -1.0..1.0);
        let cone = |x: f64, y: f64| x.hypot(y);
        let panel = Panel::new("cone", square(), square()).contours(&[0.5, 1.2], cone);
        let Some(Backdrop::Contours { field, levels }) = &panel.backdrop else {
            unreachable!("contours were asked for");
        };
        let lines = panel.contour_lines(field, levels).unwrap();
        // A whole circle, and an arc in each corner.
        assert_eq!(lines.len(), 5);
        for (line, height) in lines {
            let radius = if height == 0.0 { 0.5 } else { 1.2 };
            for (x, y) in line {
                assert!((cone(x, y) - radius).abs() < 2e-3, "({x}, {y})");
            }
        }
    }

    #[test]
    fn a_constant_keeps_its_magnitude_on_the_axis() {
        for (value, range) in [(1.0, 0.5..1.5), (-0.05, -0.075..-0.025), (0.0, -1.0..1.0)] {
            let axis = Axis::fitting("x", Scale::Linear, [value, value, f64::NAN]);
            assert!((axis.range.start - range.start).abs() < 1e-12, "{axis:?}");
            assert!((axis.range.end - range.end).abs() < 1e-12, "{axis:?}");
        }
        let series = Series::by_index("", Colour::BLUE, &[2.0, f64::NAN, -1.0, f64::INFINITY]);
        assert_eq!(series.range(), Some(-1.0..2.0));
        // The one point above 0 has the index 0, which a logarithmic axis cannot show.
        assert!(!series.has_points(Scale::Log, Scale::Log));
    }

    #[test]
    fn what_cannot_be_shown_is_left_out() {
        let series = vec![Series::by_index(
            "",
            Colour::BLUE,
            &[1.0, 0.0, f64::NAN, f64::INFINITY, 2.0],
        )];
        let panel = Panel::of("", ("i", Scale::Linear), ("y", Scale::Log), series);
        let svg = figure(&[panel], 1).unwrap();
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }

    #[test]
    fn points_are_spread_from_end_to_end() {
        assert_eq!(spread(-1.0, 2.0, 4), [-1.0, 0.0, 1.0, 2.0]);
    }

    #[test]
    fn ticks_are_short() {
        let ticks = [0.0, 0.25, -3.0, 1e-5, 2e6].map(tick);
        assert_eq!(ticks, ["0", "0.25", "-3", "1e-5", "2e6"]);
        assert_eq!(Axis::linear("", -0.3..0.3).tick(-3e-17), "0");
        assert_eq!(Axis::linear("", -1e-16..1e-16).tick(-3e-17), "-3e-17");
    }
}
