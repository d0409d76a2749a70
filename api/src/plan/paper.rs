//! The plan on paper: one page, drawn from the [`Poster`] that the rule laid out.

use std::sync::LazyLock;

use actix_web::http::header;
use actix_web::web::{self, Data};
use actix_web::{HttpResponse, get};
use evenkeel_domain::coping::library::library;
use evenkeel_domain::coping::organisation::OrganisationSkill;
use evenkeel_domain::coping::{SkillRef, Skills};
use evenkeel_domain::plan::Plan;
use evenkeel_domain::plan::lines::crisis_lines;
use evenkeel_domain::plan::poster::{Poster, PosterGroup, poster};
use evenkeel_persistence::coping;
use krilla::Document;
use krilla::color::luma;
use krilla::geom::{PathBuilder, Point, Rect};
use krilla::metadata::Metadata;
use krilla::page::PageSettings;
use krilla::paint::Fill;
use krilla::surface::Surface;
use krilla::text::{Font, TextDirection};
use serde::Deserialize;
use ttf_parser::Face;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::{RefOr, schema::Schema};
use utoipa::{IntoParams, PartialSchema, ToSchema};

use super::{today, view, visible};
use crate::app::App;
use crate::body::{Path, Query};
use crate::caller::{Caller, Whose};
use crate::problem::Problem;

/// Which paper it is printed on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Paper {
    /// 8.5 x 11 inches.
    #[default]
    Letter,
    /// 210 x 297 mm.
    A4,
}

impl Paper {
    /// Width and height in points.
    const fn size(self) -> (f32, f32) {
        match self {
            Self::Letter => (612.0, 792.0),
            Self::A4 => (595.276, 841.89),
        }
    }
}

const MARGIN: f32 = 50.0;
const TITLE: f32 = 24.0;
/// Sizes of the text in points, the largest that fits one page is taken: read from a step away, or up close.
const SIZES: [f32; 8] = [13.0, 12.5, 12.0, 11.5, 11.0, 10.5, 10.0, 9.0];
const BLACK: u8 = 0;
const GREY: u8 = 110;
const LIGHT: u8 = 190;

/// A face, for measuring and for drawing.
struct Hand {
    face: Face<'static>,
    font: Font,
}

impl Hand {
    fn new(bytes: &'static [u8]) -> Option<Self> {
        Some(Self { face: Face::parse(bytes, 0).ok()?, font: Font::new(bytes.to_vec().into(), 0)? })
    }

    fn width(&self, text: &str, size: f32) -> f32 {
        let advance = |c| self.face.glyph_index(c).and_then(|glyph| self.face.glyph_hor_advance(glyph));
        let units: f32 = text.chars().map(|c| f32::from(advance(c).unwrap_or(600))).sum();
        units * size / f32::from(self.face.units_per_em())
    }

    /// The rows of a text, broken at spaces; a word longer than a row is broken where the row ends.
    fn rows(&self, text: &str, size: f32, room: f32) -> Vec<String> {
        let mut rows = vec![String::new()];
        for word in text.split_whitespace() {
            let row = rows.last_mut().filter(|row| !row.is_empty());
            if let Some(row) = row {
                let longer = format!("{row} {word}");
                if self.width(&longer, size) <= room {
                    *row = longer;
                    continue;
                }
                rows.push(String::new());
            }
            for c in word.chars() {
                let row = rows.last_mut().filter(|row| row.is_empty() || self.width(row, size) + size < room);
                match row {
                    Some(row) => row.push(c),
                    None => rows.push(c.to_string()),
                }
            }
        }
        rows
    }
}

struct Hands {
    plain: Hand,
    bold: Hand,
}

static HANDS: LazyLock<Option<Hands>> = LazyLock::new(|| {
    let plain = Hand::new(include_bytes!("../../fonts/NotoSans-Regular.ttf"))?;
    let bold = Hand::new(include_bytes!("../../fonts/NotoSans-Bold.ttf"))?;
    Some(Hands { plain, bold })
});

/// One row of the page: where it stands is known once its size is.
enum Row {
    Heading(String),
    /// The first row of a line has a dot before it.
    Line {
        text: String,
        first: bool,
    },
    More(String),
}

impl Row {
    /// Height in units of the text's size.
    const fn height(&self) -> f32 {
        match self {
            Self::Heading(_) => 2.3,
            Self::Line { first: true, .. } => 1.42,
            Self::Line { first: false, .. } | Self::More(_) => 1.3,
        }
    }
}

fn rows(hands: &Hands, groups: &[PosterGroup], size: f32, room: f32) -> Vec<Row> {
    let mut all = Vec::new();
    for group in groups.iter().filter(|group| !group.lines.is_empty()) {
        all.push(Row::Heading(group.heading.to_owned()));
        for line in &group.lines {
            let rows = hands.plain.rows(line, size, room - size);
            all.extend(rows.into_iter().enumerate().map(|(n, text)| Row::Line { text, first: n == 0 }));
        }
        if 0 < group.left_out {
            all.push(Row::More(format!("and {} more in the app", group.left_out)));
        }
    }
    all
}

fn pen(surface: &mut Surface<'_>, shade: u8) {
    surface.set_fill(Some(Fill { paint: luma::Color::new(shade).into(), ..Fill::default() }));
}

/// Draws it; the bytes are a PDF. Nothing in them names a person or a program.
pub fn pdf(poster: &Poster, paper: Paper) -> Result<Vec<u8>, String> {
    let hands = HANDS.as_ref().ok_or("the fonts cannot be read")?;
    let (width, height) = paper.size();
    let room = width - 2.0 * MARGIN;
    let below_title = MARGIN + TITLE * 1.2;
    let of = |size| (size, rows(hands, &poster.groups, size, room));
    let fits = |(size, rows): &(f32, Vec<Row>)| {
        rows.iter().map(|row| row.height() * size).sum::<f32>() <= height - below_title - MARGIN
    };
    let smallest = SIZES[SIZES.len() - 1];
    let (size, rows) = SIZES.into_iter().map(of).find(fits).unwrap_or_else(|| of(smallest));

    let mut document = Document::new();
    document.set_metadata(Metadata::new().title(poster.title.to_owned()).language("en".to_owned()));
    let settings = PageSettings::from_wh(width, height).ok_or("the paper has no size")?;
    let mut page = document.start_page_with(settings);
    let mut surface = page.surface();
    let mut write = |hand: &Hand, x: f32, y: f32, size: f32, shade: u8, text: &str| {
        pen(&mut surface, shade);
        surface.draw_text(Point::from_xy(x, y), hand.font.clone(), size, text, false, TextDirection::Auto);
    };
    write(&hands.bold, MARGIN, MARGIN + TITLE * 0.8, TITLE, BLACK, poster.title);
    let day = poster.on.to_string();
    let right = width - MARGIN - hands.plain.width(&day, 10.0);
    write(&hands.plain, right, MARGIN + TITLE * 0.8, 10.0, GREY, &day);
    let mut y = below_title;
    let mut rules = Vec::new();
    for row in rows {
        y += row.height() * size;
        match row {
            Row::Heading(text) => {
                rules.push(y - size * 1.45);
                write(&hands.bold, MARGIN, y, size * 1.05, BLACK, &text);
            }
            Row::Line { text, first } => {
                if first {
                    write(&hands.bold, MARGIN, y, size, GREY, "•");
                }
                write(&hands.plain, MARGIN + size, y, size, BLACK, &text);
            }
            Row::More(text) => write(&hands.plain, MARGIN + size, y, size * 0.9, GREY, &text),
        }
    }
    pen(&mut surface, LIGHT);
    for y in rules {
        let mut path = PathBuilder::new();
        if let Some(rule) = Rect::from_xywh(MARGIN, y, room, 0.7) {
            path.push_rect(rule);
        }
        if let Some(path) = path.finish() {
            surface.draw_path(&path);
        }
    }
    surface.finish();
    page.finish();
    document.finish().map_err(|error| format!("the page cannot be made: {error:?}"))
}

#[derive(Clone, Copy, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct PaperQuery {
    /// Which paper it is printed on; letter if not given
    #[serde(default)]
    #[param(required = false, inline)]
    paper: Paper,
}

/// The bytes of a page, for the document.
struct Page;

impl PartialSchema for Page {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Binary)))
            .into()
    }
}
impl ToSchema for Page {}

/// The names of the plan's skills, the best first.
fn named(plan: &Plan, own: &[OrganisationSkill]) -> Vec<(SkillRef, String)> {
    let skills = Skills::new(library(), own);
    let name = |skill: SkillRef| Some((skill.clone(), String::from(skills.find(&skill)?.name.clone())));
    plan.skills(None).into_iter().filter_map(name).collect()
}

/// Print the plan
///
/// On one page, to be folded into a wallet or pinned to a wall: skills, triggers, people, steps after a slip, and
/// the lines that answer day and night. It names neither the program nor the person beyond what the plan says,
/// and leaves out what the participant keeps from the caller.
#[utoipa::path(
    tag = "plan",
    params(("participant" = inline(Whose), Path), PaperQuery),
    responses((status = 200, description = "One page", body = inline(Page), content_type = "application/pdf")),
    security(("bearer" = []))
)]
#[get("/v1/participants/{participant}/plan.pdf")]
pub(super) async fn print_plan(
    app: Data<App>,
    caller: Caller,
    path: Path<(Whose,)>,
    query: Query<PaperQuery>,
) -> Result<HttpResponse, Problem> {
    let (whose,) = path.into_inner();
    let PaperQuery { paper } = query.into_inner();
    let now = app.now();
    let found = view::look(&app, caller, whose, move |tx, grant| {
        let plan = visible(tx, grant)?;
        let names = named(&plan, &coping::skills(tx, grant.actor().organisation)?);
        Ok(poster(&plan, &crisis_lines().lines, &names, today(tx, grant, now)?))
    });
    let poster = found.await?;
    // Drawing takes longer than a worker may be kept from other requests.
    let drawn = web::block(move || pdf(&poster, paper)).await.map_err(Problem::internal)?;
    Ok(HttpResponse::Ok()
        .content_type("application/pdf")
        .insert_header((header::CONTENT_DISPOSITION, "inline; filename=\"my-plan.pdf\""))
        .body(drawn.map_err(Problem::internal)?))
}
