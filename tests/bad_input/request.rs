//! Requests that are wrong apart from their body: size, type, method, token, parameters.

use super::{nothing_is_stored, raw, with};
use aws_lc_rs::hmac;
use data_encoding::BASE64URL_NOPAD;
use evenkeel_tests::Engine;
use evenkeel_tests::fresh_id;
use evenkeel_tests::test_server::{PASSWORD, TestServer, craving};
use rstest::rstest;
use serde_json::{Value, json};
use std::time::Duration;

fn token(header: &Value, claims: &str, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
    let said = format!("{}.{claims}", BASE64URL_NOPAD.encode(header.to_string().as_bytes()));
    format!("{said}.{}", BASE64URL_NOPAD.encode(&sign(said.as_bytes())))
}

#[rstest]
#[tokio::test]
async fn too_much_the_wrong_kind_or_the_wrong_way(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let token = &clinic.maya.token;
    let good = craving("2026-03-02T18:00:00Z", 5).to_string();
    let large = with("note", json!("x".repeat(65_536)));
    raw(&server, token, "application/json", large).await.refused(413, "");
    for kind in ["application/json; charset=utf-8", "application/json;charset=\"UTF-8\""] {
        raw(&server, token, kind, "{}").await.refused(422, "");
    }
    for kind in [
        "application/json; charset=iso-8859-1",
        "application/json; charset=utf-16",
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/xml",
        "multipart/form-data",
    ] {
        raw(&server, token, kind, good.clone()).await.refused(415, "");
    }
    let bearer = format!("Bearer {token}");
    let path = format!("/v1/participants/me/cravings/{}", fresh_id());
    let packed = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
        ("content-encoding", "gzip"),
    ];
    server.send("PUT", &path, &packed, good.clone().into_bytes()).await.refused(415, "");
    for (method, path, some) in [
        ("POST", path.as_str(), "PUT"),
        ("PATCH", path.as_str(), "DELETE"),
        ("DELETE", "/v1/me", "GET"),
        ("GET", "/v1/sign-in", "POST"),
        ("PUT", "/livez", "GET"),
    ] {
        let answer = server.call(method, path, token, None).await;
        assert!(answer.header("allow").contains(some), "{method} {path}: {:?}", answer.headers);
        answer.refused(405, "");
    }
    for path in ["/v1", "/v1/nothing", "/v2/me", "/v1/me/", "/%00", "/v1/participants/me/cravings/x/y/z"] {
        server.get(token, path).await.refused(404, "");
    }
    for path in
        ["/v1/participants/me/cravings/1", "/v1/participants/you/cravings", "/v1/participants/me/cravings/me"]
    {
        server.get(token, path).await.refused(400, "");
    }
    nothing_is_stored(&server, &clinic).await;
}

#[rstest]
#[tokio::test]
async fn a_forged_token_opens_nothing(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let good = clinic.maya.token.clone();
    let [header, claims, signature] = good.split('.').collect::<Vec<_>>()[..] else { panic!("{good}") };
    let jwks = server.get("", "/.well-known/jwks.json").await.is(200);
    let head: Value = serde_json::from_slice(&BASE64URL_NOPAD.decode(header.as_bytes()).unwrap()).unwrap();
    assert_eq!((&head["alg"], &head["typ"]), (&json!("EdDSA"), &json!("at+jwt")));
    assert!(jwks["keys"].as_array().unwrap().iter().any(|key| key["kid"] == head["kid"]));
    let public = jwks["keys"][0]["x"].as_str().unwrap();
    let mut forged = vec![
        String::from("x"),
        "..".into(),
        "a.b.c".into(),
        format!("{header}.{claims}."),
        format!("{header}.{claims}"),
        format!("{good}A"),
        format!("{header}.{claims}.{}", signature.chars().rev().collect::<String>()),
        "é".into(),
    ];
    for none in ["none", "None", "NONE", ""] {
        let mut other = head.clone();
        other["alg"] = json!(none);
        forged.push(token(&other, claims, |_| vec![]));
        forged.push(token(&other, claims, |_| BASE64URL_NOPAD.decode(signature.as_bytes()).unwrap()));
    }
    for secret in [public.as_bytes().to_vec(), BASE64URL_NOPAD.decode(public.as_bytes()).unwrap(), vec![]] {
        let mut other = head.clone();
        other["alg"] = json!("HS256");
        let key = hmac::Key::new(hmac::HMAC_SHA256, &secret);
        forged.push(token(&other, claims, |said| hmac::sign(&key, said).as_ref().to_vec()));
    }
    let own: Value = serde_json::from_slice(&BASE64URL_NOPAD.decode(claims.as_bytes()).unwrap()).unwrap();
    for (claim, value) in
        [("sub", json!(clinic.casey.account)), ("exp", json!(4_000_000_000_u64)), ("exp", json!("never"))]
    {
        let mut other = own.clone();
        other[claim] = value;
        forged.push(format!("{header}.{}.{signature}", BASE64URL_NOPAD.encode(other.to_string().as_bytes())));
    }
    for bad in forged {
        server.get(&bad, "/v1/me").await.refused(401, "");
    }
    for header in ["", "Bearer", "Bearer ", "Basic bWF5YTpwdw==", "bearer  x"] {
        server.send("GET", "/v1/me", &[("authorization", header)], vec![]).await.refused(401, "");
    }
    server.get(&clinic.maya.refresh, "/v1/me").await.refused(401, "");
    server.get(&good, "/v1/me").await.is(200);
    server.later(jiff::SignedDuration::try_from(Duration::from_secs(15 * 60 + 31)).unwrap());
    server.get(&good, "/v1/me").await.refused(401, "");
}

#[rstest]
#[tokio::test]
async fn a_parameter_that_nobody_knows_is_refused(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let maya = &clinic.maya;
    let list = "/v1/participants/me/cravings";
    server.get(maya, &format!("{list}?form=2026-01-01")).await.refused(422, "/form");
    server.get(maya, "/v1/participants/me/recovery?form=2026-01-01").await.refused(422, "/form");
    server.get(&clinic.casey, "/v1/participants?limit=2").await.refused(422, "/limit");
    let id = fresh_id();
    let at = format!("{list}/{id}");
    let draft = craving("2026-03-02T18:00:00Z", 5);
    server.put(maya, &format!("{at}?dry_run=true"), draft).await.refused(422, "/dry_run");
    server.get(maya, &at).await.refused(404, "");
    server.get(maya, "/v1/participants/me/recovery?").await.is(200);
    server.get("", "/v1/participants/me/recovery?form=1").await.refused(401, "");
    let sign_in = json!({"email": "maya@harbor.example", "password": PASSWORD, "device_name": "phone"});
    for path in ["/v1/sign-in", "/v1/sign-in/refresh", "/v1/invites/redeem"] {
        server.post("", &format!("{path}?dry_run=true"), sign_in.clone()).await.refused(422, "/dry_run");
    }
    server.post("", "/v1/sign-in?", sign_in).await.is(200);
}

#[rstest]
#[tokio::test]
async fn an_address_that_links_and_probes_lead_to_lets_any_parameter_pass(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    for path in
        ["/", "/livez", "/readyz", "/.well-known/jwks.json", "/problems/invalid", "/docs/", "/openapi.json"]
    {
        let answer = server.get("", &format!("{path}?utm_source=mail")).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
    }
}
