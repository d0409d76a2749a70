//! The binary `evenkeel`.

use std::io::Write;
use std::net::SocketAddr;
use std::process::ExitCode;

use clap::Parser;
use evenkeel::app::config::{AuditCommand, Cli, Command, Config, OrgCommand, reachable};
use evenkeel::app::problem::Problem;
use evenkeel::audit::Verdict;
use evenkeel::{App, Clock, account, audit, demo, server};
use evenkeel_domain::account::{Email, OrganizationName};
use evenkeel_persistence::{Error, Tx};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let outcome = log_to_stderr(&cli.config.log).and_then(|()| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.map_err(|error| error.to_string())?.block_on(run(cli))
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            print_error(&reason);
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: Cli) -> Result<(), String> {
    let open = |config: Config| async {
        let app = App::open(config, Clock::system())?;
        warn(&app);
        let migrations = app.migrate().await?;
        Ok::<_, String>((app, migrations))
    };
    let open_existing = |config: Config| {
        let app = App::open_existing(config, Clock::system())?;
        warn(&app);
        Ok::<_, String>(app)
    };
    match cli.command {
        Command::Serve { demo, demo_anywhere } => {
            if demo && !demo_anywhere && !cli.config.listen.ip().is_loopback() {
                return Err(format!(
                    "the passwords of the demo are public, and other machines can reach {}; add --demo-anywhere \
                     if you want this",
                    cli.config.listen
                ));
            }
            serve(open(cli.config).await?.0, demo).await
        }
        Command::Migrate => {
            let (app, migrations) = open(cli.config).await?;
            print(&format!("{} is up to date; {migrations} migrations ran", app.database().location()))
        }
        Command::Openapi => print(
            &serde_json::to_string_pretty(&server::openapi::document()).map_err(|error| error.to_string())?,
        ),
        Command::Org(OrgCommand::Create { name, admin_email }) => {
            let name = OrganizationName::try_from(name).map_err(|error| format!("the name {error}"))?;
            let email = Email::try_from(admin_email).map_err(|error| format!("the address {error}"))?;
            let (app, _) = open(cli.config).await?;
            let code = account::create_organization(&app, name, email)
                .await
                .map_err(|problem| problem.to_string())?;
            print(&format!("Invitation code for the first admin (works once, for 72 hours): {code}"))
        }
        Command::Audit(AuditCommand::Verify { heads }) => {
            let app = open_existing(cli.config)?;
            let ready: Result<(), Error> = app.database().read_now(Tx::ready);
            ready.map_err(|error| {
                format!("cannot read the audit log ({error}); run evenkeel migrate first")
            })?;
            let verdict = audit::verify(&app, heads.as_deref())?;
            let Verdict { entries, blocks, witnessed, .. } = verdict;
            let faults = verdict.faults();
            for fault in &faults {
                print(fault)?;
            }
            match faults.len() {
                0 => print(&format!(
                    "The audit log is intact: {entries} entries in {blocks} sealed blocks. {witnessed} blocks match \
                     a copy outside the database."
                )),
                count => Err(format!(
                    "the audit log has changed since it was sealed: {count} findings in {entries} entries"
                )),
            }
        }
        Command::Backup { to } => {
            let app = open_existing(cli.config)?;
            app.database().backup(&to).map_err(|error| error.to_string())?;
            print(&format!("Copied to {}. Also back up keys.json, in another place.", to.display()))
        }
    }
}

async fn serve(app: App, with_demo: bool) -> Result<(), String> {
    let mut stop = signal(SignalKind::terminate()).map_err(|error| error.to_string())?;
    let text = |problem: Problem| problem.to_string();
    let mut greeting = if with_demo { demo::seed(&app).await.map_err(text)? } else { vec![] };
    if !with_demo && demo::exists(&app).await.map_err(text)? {
        print_error("warning: this database holds the demo: anybody can sign in with its public passwords");
    }
    let database = app.database().location().to_string();
    let mail = match &app.config().smtp_url {
        Some(_) => "by SMTP".to_owned(),
        None => format!("as files in {}", app.config().data.join("mail").display()),
    };
    let running = server::serve(app.clone(), true)?;
    // Made only after the port is bound: a failed start must not void the code that an earlier start printed.
    if let Some(code) = account::first_admin(&app).await.map_err(text)? {
        greeting.push(first_admin(&code, reachable(running.address)));
    }
    print(&format!(
        "Evenkeel listens on http://{0}\n  database  {database}\n  mail      {mail}\n  metrics   http://{1}/metrics\n  docs      http://{0}/docs",
        running.address, running.metrics_address
    ))?;
    for line in greeting {
        print(&line)?;
    }
    tokio::select! {
        _ = stop.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
    tracing::info!("stopping");
    running.stop().await;
    Ok(())
}

/// The first administrator's code, with a command that redeems it after the reader puts in a password.
fn first_admin(code: &str, address: SocketAddr) -> String {
    format!(
        "First administrator: this code works once, for 72 hours or until the next start: {code}\n\
         Redeem it with your email address and a password of at least 15 characters:\n\n\
         curl -sS http://{address}/v1/invites/redeem -H 'Content-Type: application/json' \\\n  \
         -d '{{\"code\": \"{code}\", \"email\": \"you@example.org\", \"password\": \"CHANGE-ME\", \"device_name\": \"desk\"}}'\n"
    )
}

fn warn(app: &App) {
    for warning in app.config().warnings() {
        print_error(&format!("warning: {warning}"));
    }
}

fn print(line: &str) -> Result<(), String> {
    writeln!(std::io::stdout(), "{line}").map_err(|error| error.to_string())
}

fn print_error(line: &str) {
    // If standard error is closed, the error cannot be reported anywhere.
    let _ = writeln!(std::io::stderr(), "evenkeel: {line}");
}

fn log_to_stderr(filter: &str) -> Result<(), String> {
    let filter = EnvFilter::try_new(filter).map_err(|error| format!("--log: {error}"))?;
    let format =
        tracing_subscriber::fmt().json().flatten_event(true).with_span_list(false).with_target(false);
    format.with_env_filter(filter).with_writer(std::io::stderr).init();
    // A panic's message may quote personal data. The place is enough to find the bug.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(%place, "panic");
    }));
    Ok(())
}
