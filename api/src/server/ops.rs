//! For operators: liveness, readiness, public keys, and the meaning of problems.

use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{HttpResponse, get, head};
use askama::Template;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::app::App;
use crate::app::problem::{Kind, Problem};
use crate::http::body::{Json, Path};

/// Routes that belong to no module.
pub fn routes(config: &mut ServiceConfig) {
    config.service(front).service(probe_front).service(livez).service(probe_livez).service(readyz);
    config.service(probe_readyz).service(jwks).service(problem_page);
}

#[derive(Template)]
#[template(path = "front.html")]
struct Front;

fn front_page() -> Result<HttpResponse, Problem> {
    let page = Front.render().map_err(Problem::internal)?;
    Ok(HttpResponse::Ok().content_type("text/html; charset=utf-8").body(page))
}

/// Show the front page
///
/// It says only that everything else is in the app. Links in emails lead here, so it names nothing.
#[utoipa::path(
    security(()),
    responses((status = 200, description = "The page", body = String, content_type = "text/html", example = "<!doctype html>…"))
)]
#[get("/")]
async fn front() -> Result<HttpResponse, Problem> {
    front_page()
}

/// Check the front page
#[utoipa::path(security(()), responses((status = 200, description = "The page exists")))]
#[head("/")]
async fn probe_front() -> Result<HttpResponse, Problem> {
    front_page()
}

/// The state of the server.
#[derive(Serialize, ToSchema)]
pub struct Health {
    /// `live` or `ready`
    #[schema(example = "ready", max_length = 5)]
    status: &'static str,
}

/// Check that the process runs
///
/// Does not use the database.
#[utoipa::path(security(()), responses((status = 200, description = "It runs", body = Health)))]
#[get("/livez")]
async fn livez() -> Json<Health> {
    Json(Health { status: "live" })
}

/// Check that the process runs, without a body
#[utoipa::path(security(()), responses((status = 200, description = "It runs")))]
#[head("/livez")]
async fn probe_livez() -> Json<Health> {
    Json(Health { status: "live" })
}

/// Check that requests can be served
///
/// The database answers and its schema matches this binary.
#[utoipa::path(security(()), responses((status = 200, description = "It can serve", body = Health)))]
#[get("/readyz")]
async fn readyz(app: Data<App>) -> Result<Json<Health>, Problem> {
    ready(&app).await
}

/// Check that requests can be served, without a body
#[utoipa::path(security(()), responses((status = 200, description = "It can serve")))]
#[head("/readyz")]
async fn probe_readyz(app: Data<App>) -> Result<Json<Health>, Problem> {
    ready(&app).await
}

async fn ready(app: &App) -> Result<Json<Health>, Problem> {
    app.read(|tx| Ok(tx.ready()?)).await?;
    Ok(Json(Health { status: "ready" }))
}

/// A set of public keys (RFC 7517).
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the document that token.rs writes")]
pub struct KeySet {
    /// The keys
    #[schema(max_items = 4)]
    keys: Vec<PublicKey>,
}

/// An Ed25519 public key (RFC 8037).
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the document that token.rs writes")]
pub struct PublicKey {
    #[schema(example = "OKP", max_length = 8)]
    kty: String,
    #[schema(example = "Ed25519", max_length = 16)]
    crv: String,
    #[schema(example = "sig", max_length = 8)]
    r#use: String,
    #[schema(example = "EdDSA", max_length = 8)]
    alg: String,
    #[schema(example = "5f3a9c0d12ab34cd", max_length = 64)]
    kid: String,
    #[schema(example = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", max_length = 43)]
    x: String,
}

/// Read the public keys that verify access tokens
#[utoipa::path(security(()), responses((status = 200, description = "The keys", body = KeySet)))]
#[get("/.well-known/jwks.json")]
async fn jwks(app: Data<App>) -> HttpResponse {
    HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "public, max-age=300")).json(app.tokens().jwks())
}

/// Read what a problem's `type` means and what to do about it
#[utoipa::path(
    security(()),
    params(("name" = String, Path, description = "The last part of a problem's type", min_length = 1, max_length = 64, example = "invalid")),
    responses((status = 200, description = "The meaning in words", body = String, content_type = "text/plain"))
)]
#[get("/problems/{name}")]
async fn problem_page(Path((name,)): Path<(String,)>) -> Result<HttpResponse, Problem> {
    let kind = Kind::ALL.iter().find(|kind| kind.name() == name).ok_or_else(Problem::unknown)?;
    Ok(HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(format!(
        "{}\n\n{}\n",
        kind.title(),
        kind.advice()
    )))
}
