//! Starts, runs and stops the server.

mod modules;
pub mod openapi;
pub mod ops;

use std::net::SocketAddr;
use std::sync::OnceLock;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::middleware::from_fn;
use actix_web::web::{self, Data};
use actix_web::{HttpRequest, HttpResponse, HttpServer, ResponseError};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval, timeout};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::app::App;
use crate::app::clock::Clock;
use crate::app::config::Config;
use crate::app::problem::Problem;
use crate::http::rate_limit::RateLimits;
use crate::http::request_log::log_request;

/// How long requests in flight have to finish when the server stops.
const DRAIN_SECONDS: u64 = 20;
/// How long a round of background work has to finish, so that an email that was sent is also marked as sent.
const ROUND_TIME: Duration = Duration::from_secs(20);
/// How long a client may take to send the head of a request.
const HEAD_TIME: Duration = Duration::from_secs(5);

/// A running server.
pub struct Running {
    /// Where the API is served.
    pub address: SocketAddr,
    /// Where the metrics are served.
    pub metrics_address: SocketAddr,
    /// The product behind it.
    pub app: App,
    servers: [ServerHandle; 2],
    tasks: Vec<JoinHandle<()>>,
}

impl Running {
    /// Takes no more requests, lets those in flight and the current rounds of background work finish, and stops.
    pub async fn stop(self) {
        self.app.end();
        let [api, metrics] = &self.servers;
        tokio::join!(api.stop(true), metrics.stop(true), last_rounds(self.tasks, ROUND_TIME));
    }
}

/// Waits for the current rounds, and aborts those that take longer than `most`.
async fn last_rounds(mut tasks: Vec<JoinHandle<()>>, most: Duration) {
    let all = async {
        for task in &mut tasks {
            // An error means that the round panicked, so it has ended too.
            let _ = task.await;
        }
    };
    if timeout(most, all).await.is_err() {
        tracing::warn!("a background round took too long and was stopped");
        for task in &tasks {
            task.abort();
        }
    }
}

/// Opens the product, brings its database up to date and starts the server.
pub async fn start(config: Config, clock: Clock) -> Result<Running, String> {
    let is_by_hand = clock.is_by_hand();
    let app = App::open(config, clock)?;
    app.migrate().await?;
    serve(app, !is_by_hand)
}

/// Starts the server on a database that is up to date. `in_background`: also run the background tasks.
pub fn serve(app: App, in_background: bool) -> Result<Running, String> {
    let config = app.config();
    let recorder = recorder()?;
    let limits = Data::new(RateLimits::new(config));
    let (server, address) = api(&app, &limits)?;
    let metrics_listen = config.metrics_listen;
    let rendered = recorder.clone();
    let metrics = HttpServer::new(move || {
        let recorder = rendered.clone();
        let render = move || {
            let text = recorder.render();
            async move { HttpResponse::Ok().content_type("text/plain; version=0.0.4").body(text) }
        };
        actix_web::App::new().route("/metrics", web::get().to(render))
    })
    .workers(1)
    .disable_signals()
    .bind(metrics_listen)
    .map_err(|error| format!("{metrics_listen}: {error}"))?;
    let metrics_address = first(&metrics.addrs())?;
    let metrics = metrics.run();
    let servers = [server.handle(), metrics.handle()];
    let mut tasks = if in_background { background(&app, &limits) } else { vec![] };
    tasks.push(every(&app, Duration::from_secs(5), move || {
        recorder.run_upkeep();
        std::future::ready(())
    }));
    for server in [server, metrics] {
        tokio::spawn(async move {
            if let Err(error) = server.await {
                tracing::error!(%error, "server ended");
            }
        });
    }
    Ok(Running { address, metrics_address, app, servers, tasks })
}

fn api(app: &App, limits: &Data<RateLimits>) -> Result<(actix_web::dev::Server, SocketAddr), String> {
    let config = app.config();
    let (shared, limits) = (app.clone(), limits.clone());
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let server = HttpServer::new(move || {
        actix_web::App::new()
            .app_data(Data::new(shared.clone()))
            .app_data(limits.clone())
            .wrap(from_fn(openapi::check_query))
            .wrap(from_fn(log_request))
            .configure(|config| modules::routes(&mut ServiceConfig::new(config)))
            .configure(openapi::documentation)
            .default_service(web::to(no_route))
    })
    .workers(config.workers.unwrap_or(cores))
    .client_request_timeout(HEAD_TIME)
    .client_disconnect_timeout(HEAD_TIME)
    .keep_alive(Duration::from_secs(75))
    .shutdown_timeout(DRAIN_SECONDS)
    .disable_signals()
    .bind(config.listen)
    .map_err(|error| format!("{}: {error}", config.listen))?;
    let address = first(&server.addrs())?;
    Ok((server.run(), address))
}

fn first(addresses: &[SocketAddr]) -> Result<SocketAddr, String> {
    addresses.first().copied().ok_or_else(|| "no address to listen on".to_owned())
}

async fn no_route(request: HttpRequest) -> HttpResponse {
    let methods = openapi::methods_at(request.path());
    let problem = if methods.is_empty() { Problem::unknown() } else { Problem::method(methods.join(", ")) };
    problem.error_response()
}

/// The metrics recorder of the process, which all servers in it share.
fn recorder() -> Result<PrometheusHandle, String> {
    static RECORDER: OnceLock<Result<PrometheusHandle, String>> = OnceLock::new();
    let buckets = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0];
    let install = || {
        let builder = PrometheusBuilder::new().set_buckets(&buckets).map_err(|error| error.to_string())?;
        builder.install_recorder().map_err(|error| error.to_string())
    };
    RECORDER.get_or_init(install).clone()
}

fn background(app: &App, limits: &Data<RateLimits>) -> Vec<JoinHandle<()>> {
    let (reminders, audit_log, limits) = (app.clone(), app.clone(), limits.clone());
    vec![
        every(app, Duration::from_secs(20), move || {
            let app = reminders.clone();
            async move { log_failure("reminders", app.work_reminders().await) }
        }),
        every(app, Duration::from_mins(1), move || {
            let app = audit_log.clone();
            async move { log_failure("audit", app.seal_audit_log().await) }
        }),
        every(app, Duration::from_mins(1), move || {
            limits.tidy();
            std::future::ready(())
        }),
    ]
}

fn log_failure<T>(what: &str, outcome: Result<T, Problem>) {
    if let Err(problem) = outcome {
        tracing::warn!(what, %problem, "background work failed; will try again");
    }
}

/// Runs `work` once every `pause` until the app ends, never two rounds at once.
fn every<F>(app: &App, pause: Duration, work: impl Fn() -> F + Send + 'static) -> JoinHandle<()>
where
    F: Future<Output = ()> + Send,
{
    let app = app.clone();
    tokio::spawn(async move {
        let mut beat = interval(pause);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = app.ended() => return,
                _ = beat.tick() => work().await,
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use tokio::sync::mpsc;

    /// Work whose rounds report their start, wait for a signal and report their end.
    struct Rounds {
        app: App,
        task: JoinHandle<()>,
        reports: mpsc::UnboundedReceiver<&'static str>,
        finish: mpsc::UnboundedSender<()>,
        _folder: tempfile::TempDir,
    }

    fn rounds() -> Rounds {
        let folder = tempfile::tempdir().unwrap();
        let config = Config { data: folder.path().to_owned(), password_memory: 8, ..Config::default() };
        let app = App::open(config, Clock::system()).unwrap();
        let (report, reports) = mpsc::unbounded_channel();
        let (finish, signal) = mpsc::unbounded_channel();
        let signal = Arc::new(tokio::sync::Mutex::new(signal));
        let task = every(&app, Duration::from_millis(1), move || {
            let (report, signal) = (report.clone(), Arc::clone(&signal));
            async move {
                report.send("started").unwrap();
                signal.lock().await.recv().await.unwrap();
                report.send("ended").unwrap();
            }
        });
        Rounds { app, task, reports, finish, _folder: folder }
    }

    #[tokio::test]
    async fn a_stop_lets_the_current_round_finish_and_starts_no_other() {
        let mut rounds = rounds();
        assert_eq!(rounds.reports.recv().await, Some("started"));
        rounds.app.end();
        rounds.finish.send(()).unwrap();
        last_rounds(vec![rounds.task], ROUND_TIME).await;
        assert_eq!(rounds.reports.recv().await, Some("ended"));
        assert_eq!(rounds.reports.recv().await, None);
    }

    #[tokio::test]
    async fn a_stop_aborts_a_round_that_hangs() {
        let mut rounds = rounds();
        assert_eq!(rounds.reports.recv().await, Some("started"));
        rounds.app.end();
        last_rounds(vec![rounds.task], Duration::from_millis(1)).await;
        assert_eq!(rounds.reports.recv().await, None, "neither its end nor another start");
    }
}
