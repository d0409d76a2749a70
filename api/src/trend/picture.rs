//! Draws the chart of a trend: readable on a phone, in gray and by a screen reader. It names nobody.

use evenkeel_domain::trend::{Trend, TrendDay};
use evenkeel_domain::value::Day;
use jiff::civil;
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

const SIZE: (u32, u32) = (720, 420);
/// Height of the title and the legend.
const HEAD: u32 = 88;
const FONT: &str = "sans-serif";
const LABEL: i32 = 25;
/// Where the picture ends on the right.
const RIGHT: i32 = 692;

// Dark, medium and light, to be different without color.
const INK: RGBColor = RGBColor(26, 26, 26);
const MEAN: RGBColor = RGBColor(20, 70, 120);
const PEAK: RGBColor = RGBColor(110, 110, 110);
const GRID: RGBColor = RGBColor(217, 217, 217);

/// Draws the daily mean as a line with gaps for missing days, the daily peak as open circles, and a cross on each
/// day with a lapse.
#[expect(clippy::missing_panics_doc, reason = "writing into a string does not fail")]
pub fn svg(trend: &Trend) -> String {
    let mut text = String::new();
    draw(trend, &mut text).expect("a chart of a fixed size fits into a string");
    let (head, body) = text.split_once('>').unwrap_or_default();
    format!(
        r#"{head} role="img" aria-labelledby="trend-title trend-desc">
<title id="trend-title">Craving intensity</title>
<desc id="trend-desc">{}</desc>{body}"#,
        description(trend)
    )
}

/// The chart in words, for a screen reader.
fn description(trend: &Trend) -> String {
    let (Some(mean), Some(peak)) = (trend.mean, trend.peak) else {
        return format!("No logs from {} to {}.", trend.from, trend.to);
    };
    format!(
        "{} to {}: logs {}, days with logs {}, mean intensity {mean}, peak {}, ended in a lapse {}. Intensity goes \
         from 0 (none) to 10 (the strongest ever). Days without a log are left out.",
        trend.from,
        trend.to,
        trend.count,
        trend.days.len(),
        i64::from(peak),
        trend.outcomes.lapsed
    )
}

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Failed<'a> = DrawingAreaErrorKind<<SVGBackend<'a> as DrawingBackend>::ErrorType>;

fn draw<'a>(trend: &Trend, into: &'a mut String) -> Result<(), Failed<'a>> {
    let root = SVGBackend::with_string(into, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    root.draw(&Text::new("Craving intensity", (20, 16), (FONT, 36).into_font().color(&INK)))?;
    let right = TextStyle::from((FONT, LABEL).into_font()).color(&INK).pos(Pos::new(HPos::Right, VPos::Top));
    root.draw(&Text::new(period(trend), (RIGHT, 22), right))?;
    let (head, plot) = root.split_vertically(HEAD);
    let last = trend.from.until(trend.to);
    let step = [1, 2, 7, 14, 28, 56].into_iter().find(|step| last / step <= 6).unwrap_or(91);
    let dates = (0..=last).step_by(step.unsigned_abs() as usize).collect();
    let mut chart = ChartBuilder::on(&plot)
        .margin_top(8)
        .margin_right(28)
        .margin_left(8)
        .x_label_area_size(44)
        .y_label_area_size(56)
        .build_cartesian_2d((-1..last + 1).with_key_points(dates), 0.0..10.0)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .y_labels(6)
        .bold_line_style(GRID)
        .light_line_style(TRANSPARENT)
        .axis_style(INK)
        .label_style((FONT, LABEL).into_font().color(&INK))
        .x_label_formatter(&|days| date(trend.from.plus(*days)))
        .y_label_formatter(&|intensity| format!("{intensity:.0}"))
        .y_desc("0 none, 10 strongest")
        .draw()?;
    if trend.days.is_empty() {
        let middle =
            TextStyle::from((FONT, 30).into_font()).color(&INK).pos(Pos::new(HPos::Center, VPos::Center));
        return plot.draw(&Text::new("No logs in these days", (380, 140), middle));
    }
    legend(&head, 0 < trend.outcomes.lapsed)?;
    // Smaller marks for many days.
    let (size, width) = if last < 120 { (4, 3) } else { (2, 1) };
    let at = |day: &TrendDay| trend.from.until(day.day);
    let peak = |day: &TrendDay| (at(day), f64::from(i16::from(day.peak)));
    let mean = |day: &TrendDay| day.mean.map(|mean| (at(day), mean));
    for days in trend.days.chunk_by(|a, b| a.day.until(b.day) == 1) {
        chart.draw_series(LineSeries::new(days.iter().filter_map(mean), MEAN.stroke_width(width)))?;
    }
    chart.draw_series(trend.days.iter().filter_map(mean).map(|dot| Circle::new(dot, size, MEAN.filled())))?;
    chart.draw_series(
        trend.days.iter().map(|day| Circle::new(peak(day), size + 1, PEAK.stroke_width(width.min(2)))),
    )?;
    let lapses = trend.days.iter().filter(|day| 0 < day.outcomes.lapsed);
    chart.draw_series(lapses.map(|day| Cross::new(peak(day), 8, INK.stroke_width(4))))?;
    Ok(())
}

fn legend<'a>(area: &Area<'a>, has_lapse: bool) -> Result<(), Failed<'a>> {
    let row = 68;
    let label = |text: &'static str, x: i32| {
        let left =
            TextStyle::from((FONT, LABEL).into_font()).color(&INK).pos(Pos::new(HPos::Left, VPos::Center));
        Text::new(text, (x, row), left)
    };
    area.draw(&PathElement::new([(64, row), (100, row)], MEAN.stroke_width(3)))?;
    area.draw(&Circle::new((82, row), 4, MEAN.filled()))?;
    area.draw(&label("Daily mean", 110))?;
    area.draw(&Circle::new((258, row), 5, PEAK.stroke_width(2)))?;
    area.draw(&label("Daily peak", 274))?;
    if has_lapse {
        area.draw(&Cross::new((424, row), 8, INK.stroke_width(4)))?;
        area.draw(&label("Day with a lapse", 442))?;
    }
    Ok(())
}

/// The span of days, with the year.
fn period(trend: &Trend) -> String {
    let (from, to) = (civil::Date::from(trend.from), civil::Date::from(trend.to));
    let last = to.strftime("%b %-d, %Y");
    if from == to {
        last.to_string()
    } else if from.year() == to.year() {
        format!("{} – {last}", date(trend.from))
    } else {
        format!("{} – {last}", from.strftime("%b %-d, %Y"))
    }
}

fn date(day: Day) -> String {
    civil::Date::from(day).strftime("%b %-d").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use evenkeel_domain::craving::Intensity;
    use evenkeel_domain::trend::{DayDetail, DaySummary, Span, trend};
    use jiff::Timestamp;

    fn day(text: &str) -> Day {
        text.parse::<civil::Date>().unwrap().into()
    }
    fn summary(text: &str, sum: i32, lapsed: i32) -> DaySummary {
        DaySummary {
            day: day(text),
            count: 1,
            intensity_sum: sum,
            peak: Intensity::try_from(9i64).unwrap(),
            passed: 0,
            still_going: 0,
            lapsed,
            last_at: Timestamp::UNIX_EPOCH.try_into().unwrap(),
            detail: DayDetail::default(),
        }
    }
    fn picture(summaries: &[DaySummary]) -> String {
        svg(&trend(Span::new(day("2026-02-24"), day("2026-03-09")).unwrap(), summaries))
    }
    /// How many elements have the color of the mean: the lines and dots of the series, and two in the legend.
    fn drawn(picture: &str, element: &str) -> usize {
        picture.lines().filter(|line| line.contains(element) && line.contains("#144678")).count()
    }

    #[test]
    fn the_line_has_a_gap_where_a_day_is_missing() {
        let whole =
            picture(&[summary("2026-03-01", 5, 0), summary("2026-03-02", 6, 0), summary("2026-03-03", 6, 0)]);
        let broken =
            picture(&[summary("2026-02-26", 5, 0), summary("2026-02-27", 6, 0), summary("2026-03-03", 6, 0)]);
        assert_eq!(drawn(&whole, "<circle"), drawn(&broken, "<circle"));
        let points = |picture: &str| {
            let lines = picture.lines().filter(|line| line.contains("<polyline") && line.contains("#144678"));
            lines
                .map(|line| {
                    line.split("points=\"").nth(1).unwrap().split_once('"').unwrap().0.matches(',').count()
                })
                .max()
        };
        assert_eq!((points(&whole), points(&broken)), (Some(3), Some(2)));
    }

    #[test]
    fn a_lapse_has_a_shape_of_its_own() {
        let strokes = |picture: &str| picture.matches("stroke-width=\"4\"").count();
        assert_eq!(strokes(&picture(&[summary("2026-03-01", 5, 0)])), 0);
        assert_eq!(strokes(&picture(&[summary("2026-03-01", 5, 1)])), 2 * 2, "in the picture and its legend");
    }

    #[test]
    fn the_legend_names_a_lapse_only_where_there_is_one() {
        let named = |lapsed| picture(&[summary("2026-03-01", 5, lapsed)]).contains("Day with a lapse");
        assert_eq!((named(0), named(1)), (false, true));
    }

    #[test]
    fn the_days_are_named_with_their_year() {
        let shown = |from, to| period(&trend(Span::new(day(from), day(to)).unwrap(), &[]));
        assert_eq!(shown("2026-03-01", "2026-03-01"), "Mar 1, 2026");
        assert_eq!(shown("2026-02-24", "2026-03-09"), "Feb 24 – Mar 9, 2026");
        assert_eq!(shown("2025-03-10", "2026-03-09"), "Mar 10, 2025 – Mar 9, 2026");
    }

    #[test]
    fn a_screen_reader_reads_the_figures() {
        let picture = picture(&[summary("2026-03-01", 5, 1), summary("2026-03-02", 6, 0)]);
        assert!(picture.starts_with("<svg "), "{picture}");
        assert!(picture.trim_end().ends_with("</svg>"));
        assert!(picture.contains(r#"role="img""#));
        assert!(
            picture.contains("logs 2, days with logs 2, mean intensity 5.5, peak 9, ended in a lapse 1.")
        );
        assert!(picture.contains("Feb 24 – Mar 9, 2026"));
        for words in
            ["Daily mean", "Daily peak", "Day with a lapse", "Feb 24", "Mar 4", "0 none, 10 strongest"]
        {
            assert!(picture.contains(words), "{words}");
        }
    }

    #[test]
    fn days_without_logs_are_not_drawn_as_zero() {
        let picture = picture(&[]);
        assert!(picture.contains("No logs in these days"));
        assert!(picture.contains("No logs from 2026-02-24 to 2026-03-09."));
        assert_eq!(drawn(&picture, "<"), 0);
    }

    #[test]
    fn a_day_and_a_year_can_both_be_drawn() {
        for (from, to) in [("2026-03-01", "2026-03-01"), ("2025-03-01", "2026-03-01")] {
            let trend = trend(Span::new(day(from), day(to)).unwrap(), &[summary("2026-03-01", 5, 0)]);
            assert!(svg(&trend).contains("<circle"), "{from}");
        }
    }
}
