//! Panels as SVG, by plotters.

use plotters::coord::Shift;
use plotters::coord::ranged1d::{AsRangedCoord, Ranged, ValueFormatter};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{FontDesc, TextStyle};

use super::axis::Scale;
use super::panel::{Backdrop, Panel};
use super::series::{Mark, Series};
use crate::colours::{self, Colour};
use crate::error::PageError;
use crate::page::Picture;

/// Size of one panel on the page.
const PANEL: [u32; 2] = [420, 330];
/// Units of the drawing in one unit of the page: plotters rounds points to whole units.
const FINE: u32 = 8;

/// Space left of the axes, for the labels of the vertical one.
const LEFT: u32 = 66;
/// Of the legend: the height of a row, the length of a mark, the space after an entry.
const LEGEND_ROW: u32 = 21;
const LEGEND_MARK: u32 = 20;
const LEGEND_GAP: u32 = 16;
/// Mean width of a legend's character.
const CHARACTER: f64 = 7.2;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Chart<'a, 'b, X, Y> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<X, Y>>;

/// The panels as a picture, in rows of `columns`.
///
/// # Errors
///
/// [`PageError::Figure`] if plotters fails: an axis without length, for example.
///
/// # Panics
///
/// If there is no panel, or no column.
pub fn figure(panels: &[Panel], columns: usize) -> Result<Picture, PageError> {
    let drawn = panels.iter().map(drawing).collect::<Result<Vec<_>, _>>()?;
    Ok(Picture::of_panels(drawn, columns.min(panels.len()), PANEL))
}

/// A panel as an SVG picture of its own.
fn drawing(panel: &Panel) -> Result<String, PageError> {
    let [width, height] = PANEL;
    let mut svg = String::new();
    {
        let fine = (FINE * width, FINE * height);
        let root = SVGBackend::with_string(&mut svg, fine).into_drawing_area();
        panel.draw(&root)?;
        root.present().map_err(PageError::figure)?;
    }
    let drawn = format!("width=\"{}\" height=\"{}\"", FINE * width, FINE * height);
    let shown = format!("class=\"figure\" width=\"{width}\" height=\"{height}\"");
    Ok(svg.replacen(&drawn, &shown, 1).replacen(
        "</svg>",
        &format!("{}</svg>", colours::style()),
        1,
    ))
}

fn text_style(size: u32) -> TextStyle<'static> {
    let size = f64::from(FINE * size);
    FontDesc::new(FontFamily::SansSerif, size, FontStyle::Normal).color(&Colour::INK.rgb())
}

fn rgb([red, green, blue]: [u8; 3]) -> RGBColor {
    RGBColor(red, green, blue)
}

impl Panel {
    fn draw(&self, area: &Area) -> Result<(), PageError> {
        let (x, y) = (self.x.range.clone(), self.y.range.clone());
        match (self.x.scale, self.y.scale) {
            (Scale::Linear, Scale::Linear) => self.draw_on(area, x, y),
            (Scale::Linear, Scale::Log) => self.draw_on(area, x, self.y.log_range()),
            (Scale::Log, Scale::Linear) => self.draw_on(area, self.x.log_range(), y),
            (Scale::Log, Scale::Log) => self.draw_on(area, self.x.log_range(), self.y.log_range()),
        }
    }

    fn draw_on<X, Y>(&self, area: &Area, x: X, y: Y) -> Result<(), PageError>
    where
        X: AsRangedCoord<Value = f64>,
        Y: AsRangedCoord<Value = f64>,
        X::CoordDescType: ValueFormatter<f64>,
        Y::CoordDescType: ValueFormatter<f64>,
    {
        let below = area.margin(FINE * 6, 0, 0, 0);
        let below = below
            .titled(&self.title, text_style(19))
            .map_err(PageError::figure)?;
        let legend = self.draw_legend(&below)?;
        let mut chart = ChartBuilder::on(&below)
            .margin(FINE * 8)
            .margin_top(FINE * (8 + legend))
            .margin_right(FINE * 16)
            .x_label_area_size(FINE * 38)
            .y_label_area_size(FINE * (LEFT - 8))
            .build_cartesian_2d(x, y)
            .map_err(PageError::figure)?;
        if let Some(Backdrop::Map(field)) = &self.backdrop {
            for (corners, value) in field.cells() {
                let cell = Rectangle::new(corners, rgb(colours::diverging(value)).filled());
                let cells = chart.draw_series(std::iter::once(cell));
                cells.map_err(PageError::figure)?;
            }
        }
        self.draw_axes(&mut chart)?;
        if let Some(Backdrop::Contours { field, levels }) = &self.backdrop {
            for (line, height) in field.contours(levels)? {
                let style = rgb(colours::sequential(height)).stroke_width(FINE);
                let lines = chart.draw_series(LineSeries::new(line, style));
                lines.map_err(PageError::figure)?;
            }
        }
        for series in &self.series {
            self.draw_series(&mut chart, series)?;
        }
        Ok(())
    }

    /// The names of the series above the axes, in rows, where they hide nothing; returns their height.
    fn draw_legend(&self, area: &Area) -> Result<u32, PageError> {
        let named = self.series.iter().filter(|series| !series.label.is_empty());
        let (mut x, mut row) = (LEFT, 0);
        let mut rows = 0;
        for series in named {
            let text = (series.label.chars().count() as f64 * CHARACTER).ceil() as u32;
            let width = LEGEND_MARK + 6 + text;
            if x > LEFT && x + width > PANEL[0] {
                (x, row) = (LEFT, row + 1);
            }
            let middle = (FINE * (LEGEND_ROW * row + LEGEND_ROW / 2)) as i32;
            let place = |along: u32| ((FINE * (x + along)) as i32, middle);
            let colour = series.colour.rgb();
            let mark = |ends: [u32; 2], width: u32| {
                PathElement::new(ends.map(place), colour.stroke_width(FINE * width))
            };
            let marks = match series.mark {
                Mark::Dots | Mark::OutlinedDots => vec![mark([7, 13], 6)],
                Mark::Dashed => vec![mark([0, 8], 2), mark([12, 20], 2)],
                Mark::Thin | Mark::Path => vec![mark([0, LEGEND_MARK], 1)],
                Mark::Line => vec![mark([0, LEGEND_MARK], 2)],
            };
            for mark in marks {
                area.draw(&mark).map_err(PageError::figure)?;
            }
            let (left, _) = place(LEGEND_MARK + 6);
            let style = text_style(16).pos(Pos::new(HPos::Left, VPos::Center));
            let name = Text::new(series.label.as_str(), (left, middle), style);
            area.draw(&name).map_err(PageError::figure)?;
            x += width + LEGEND_GAP;
            rows = row + 1;
        }
        Ok(LEGEND_ROW * rows)
    }

    fn draw_axes<X, Y>(&self, chart: &mut Chart<X, Y>) -> Result<(), PageError>
    where
        X: Ranged<ValueType = f64> + ValueFormatter<f64>,
        Y: Ranged<ValueType = f64> + ValueFormatter<f64>,
    {
        // A map has no grid lines.
        let grid: ShapeStyle = match self.backdrop {
            Some(Backdrop::Map(_)) => TRANSPARENT.into(),
            _ => Colour::GRID.rgb().stroke_width(FINE),
        };
        chart
            .configure_mesh()
            .x_desc(&self.x.label)
            .y_desc(&self.y.label)
            .x_labels(self.x.tick_count())
            .y_labels(self.y.tick_count())
            .x_label_formatter(&|value| self.x.tick(*value))
            .y_label_formatter(&|value| self.y.tick(*value))
            .label_style(text_style(16))
            .axis_desc_style(text_style(16))
            .axis_style(Colour::INK.rgb().stroke_width(FINE))
            .bold_line_style(grid)
            .set_all_tick_mark_size(FINE * 5)
            .max_light_lines(1)
            .light_line_style(TRANSPARENT)
            .draw()
            .map_err(PageError::figure)
    }

    fn draw_series<'b, X, Y>(
        &self,
        chart: &mut Chart<'_, 'b, X, Y>,
        series: &Series,
    ) -> Result<(), PageError>
    where
        X: Ranged<ValueType = f64>,
        Y: Ranged<ValueType = f64>,
    {
        let colour = series.colour.rgb();
        let line = colour.stroke_width(FINE * 2);
        let points = series.visible(self.x.scale, self.y.scale);
        let dot = |radius: u32, style: ShapeStyle| move |p| Circle::new(p, FINE * radius, style);
        let drawn = match series.mark {
            Mark::Line => chart.draw_series(LineSeries::new(points, line)),
            Mark::Thin => chart.draw_series(LineSeries::new(points, colour.stroke_width(FINE))),
            Mark::Dashed => {
                chart.draw_series(DashedLineSeries::new(points, FINE * 6, FINE * 4, line))
            }
            Mark::Dots => chart.draw_series(points.map(dot(3, colour.filled()))),
            Mark::OutlinedDots => {
                let borders = points.clone().map(dot(6, Colour::BLACK.rgb().filled()));
                chart.draw_series(borders).map_err(PageError::figure)?;
                chart.draw_series(points.map(dot(4, colour.filled())))
            }
            Mark::Path => {
                let dots = points.clone().map(dot(2, colour.filled()));
                chart.draw_series(dots).map_err(PageError::figure)?;
                chart.draw_series(LineSeries::new(points, colour.stroke_width(FINE)))
            }
        };
        drawn.map_err(PageError::figure)?;
        Ok(())
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
        let svg = figure(&[panel.clone(), panel], 2).unwrap().to_svg();
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
    fn what_cannot_be_shown_is_left_out() {
        let values = [1.0, 0.0, f64::NAN, f64::INFINITY, 2.0];
        let series = vec![Series::by_index("", Colour::BLUE, &values)];
        let panel = Panel::of("", ("i", Scale::Linear), ("y", Scale::Log), series);
        let svg = figure(&[panel], 1).unwrap().to_svg();
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }
}
