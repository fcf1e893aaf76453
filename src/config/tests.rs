//! What is taken, and how a refusal names its setting.

use std::time::Duration;

use super::sync::since;
use super::*;

fn read(toml: &str) -> Result<Settings, BadSetting> {
    let sections: Sections = config::Config::builder()
        .add_source(config::File::from_str(toml, config::FileFormat::Toml))
        .build()
        .and_then(config::Config::try_deserialize)
        .map_err(|problem| bad(problem.to_string()))?;
    sections.validate()
}

#[test]
fn nothing_set_is_a_whole_configuration() {
    let settings = read("").unwrap();
    assert_eq!(settings.database_url, DatabaseUrl::Sqlite("loyalty.db".into()));
    assert_eq!(settings.synchronous, Synchronous::Full);
    assert_eq!(settings.bind.to_string(), "127.0.0.1:8070");
    assert!(settings.odoo.is_none());
    assert_eq!(settings.sync_interval, Duration::from_secs(15));
}

#[test]
fn a_file_that_cannot_be_read_is_not_shown() {
    let file = tempfile::NamedTempFile::new().unwrap();
    for wrong in
        ["[odoo]\nurl = \"http://h\"\napi_key = 0a1bhunter2\n", "[database]\nurl = \"postgres://u:hunter2@h/d\n"]
    {
        std::fs::write(file.path(), wrong).unwrap();
        let problem = Settings::load(Some(file.path())).unwrap_err().to_string();
        assert!(problem.contains("line") && !problem.contains("hunter2"), "{problem}");
    }
}

#[test]
fn every_refusal_names_its_setting() {
    let odoo = "[odoo]\nurl = \"http://h\"\ndatabase = \"d\"\nlogin = \"l\"\n";
    let cases = [
        ("[database]\nurl = \"loyalty.db\"", "database.url"),
        ("[database]\npool_size = 0", "database.pool_size"),
        ("[database]\nsynchronous = \"off\"", "off"),
        ("[database]\nurl = \"postgres://h/db\"\nsynchronous = \"normal\"", "database.synchronous"),
        ("[http]\nbind = \"localhost\"", "http.bind"),
        ("[http]\nbnd = \"127.0.0.1:1\"", "bnd"),
        ("[http]\nrate_limit_burst = 99", "http.rate_limit_burst"),
        ("[sync]\noverlap_seconds = 30", "sync.overlap_seconds"),
        ("[sync]\ninterval_seconds = 0", "sync.interval_seconds"),
        ("[sync]\npage_size = 0", "sync.page_size"),
        ("[sync]\npage_size = \"many\"", "sync.page_size"),
        ("[sync]\nlease_seconds = 4", "sync.lease_seconds"),
        ("[ledger]\nreply_days = -1", "ledger.reply_days"),
        ("[sync]\nsince = \"last year\"", "sync.since"),
        ("[sync]\nsince = \"9999-12-31T23:00:00-05:00\"", "sync.since"),
        ("[log]\nlevel = \"a=b=c\"", "log.level"),
        ("[log]\nformat = \"xml\"", "xml"),
        ("[odoo]\nurl = \"http://h\"", "odoo.database"),
        (odoo, "odoo.api_key"),
        ("[odoo]\nurl = \"shop\"\ndatabase = \"d\"\nlogin = \"l\"\napi_key = \"k\"", "odoo.url"),
        ("[odoo]\nwallet = \"purse\"", "purse"),
    ];
    for (toml, name) in cases {
        let problem = read(toml).unwrap_err().to_string();
        assert!(problem.contains(name), "{toml}: {problem}");
    }
}

#[test]
fn a_refused_address_is_told_without_its_password() {
    let rest = "database = \"d\"\nlogin = \"l\"\napi_key = \"k\"";
    for url in ["ftp://user:hunter2@shop", "htp//user:hunter2@shop", "shop?key=hunter2", "http://user:hunt@er2@:x"] {
        let problem = read(&format!("[odoo]\nurl = \"{url}\"\n{rest}")).unwrap_err().to_string();
        assert!(problem.starts_with("odoo.url: “") && !problem.contains("hunt"), "{url}: {problem}");
    }
    let problem = read("[http]\nbind = \"http://user:hunter2@h\"").unwrap_err().to_string();
    assert!(problem.starts_with("http.bind: “") && !problem.contains("hunter2"), "{problem}");
    let settings = read(&format!("[odoo]\nurl = \"https://user:hunter2@shop\"\n{rest}")).unwrap();
    assert!(!format!("{settings:?}").contains("hunter2"), "{settings:?}");
}

#[test]
fn what_is_not_safe_is_told_and_loopback_is() {
    let odoo = |url: &str| format!("[odoo]\nurl = \"{url}\"\ndatabase = \"d\"\nlogin = \"l\"\napi_key = \"k\"\n");
    let about = |toml: &str| -> Vec<&str> {
        read(toml).unwrap().cautions().into_iter().map(|caution| caution.setting).collect()
    };
    assert_eq!(about(&odoo("http://u:hunter2@shop.example")), ["odoo.url"]);
    assert_eq!(about("[database]\nurl = \"postgres://u:hunter2@db.example/l\""), ["database.url"]);
    for safe in ["https://shop.example", "http://127.0.0.1:8069", "http://localhost:8069", "http://[::1]:8069"] {
        assert_eq!(about(&odoo(safe)), Vec::<&str>::new(), "{safe}");
    }
    for toml in [odoo("http://u:hunter2@h?k=hunter2"), "[database]\nurl = \"postgres://u:hunter2@h/l\"".into()] {
        let told = &read(&toml).unwrap().cautions()[0].what;
        assert!(!told.contains("hunter2"), "{told}");
    }
}

#[test]
fn refusals_are_kept_for_days_or_for_ever() {
    assert_eq!(read("").unwrap().replies_kept, Some(Duration::from_hours(30 * 24)));
    assert_eq!(read("[ledger]\nreply_days = 1").unwrap().replies_kept, Some(Duration::from_hours(24)));
    assert_eq!(read("[ledger]\nreply_days = 0").unwrap().replies_kept, None);
}

#[test]
fn no_calls_a_second_is_no_limit() {
    assert!(read("").unwrap().rate_limit.is_some());
    assert_eq!(read("[http]\nrate_limit_per_second = 0\nrate_limit_burst = 0").unwrap().rate_limit, None);
}

#[test]
fn since_is_a_date_or_a_date_time() {
    for (text, shown) in [
        ("2026-01-31", "2026-01-31T00:00:00+00:00"),
        ("2026-01-31T08:00:00+02:00", "2026-01-31T06:00:00+00:00"),
        ("2026-01-31 08:00:00", "2026-01-31T08:00:00+00:00"),
    ] {
        assert_eq!(since(text).unwrap().to_rfc3339(), shown);
    }
}

#[test]
fn a_sweep_with_every_pass_can_be_asked_for() {
    assert_eq!(read("[sync]\nsweep_hours = 0").unwrap().sync.sweep_every, Duration::ZERO);
}

#[test]
fn a_short_overlap_can_be_accepted() {
    let settings = read("[sync]\noverlap_seconds = 30\nallow_unsafe_overlap = true").unwrap();
    assert_eq!(settings.sync.overlap, Duration::from_secs(30));
}

#[test]
fn a_key_is_never_shown() {
    let settings = read("[odoo]\nurl = \"http://h\"\ndatabase = \"d\"\nlogin = \"l\"\napi_key = \"hunter2\"").unwrap();
    assert!(!format!("{settings:?}").contains("hunter2"));
}

#[test]
fn every_default_written_out_is_what_holds_without_it() {
    let all = declared();
    let mut lines = Vec::new();
    for (number, setting) in all.iter().enumerate() {
        if number == 0 || all[number - 1].section != setting.section {
            lines.push(format!("[{}]", setting.section));
        }
        lines.extend(setting.default.as_ref().map(|default| format!("{} = {default}", setting.key)));
    }
    let toml = lines.join("\n");
    let odoo = "url = \"http://h\"\ndatabase = \"d\"\nlogin = \"l\"\napi_key = \"k\"\n";
    let bare = format!("[odoo]\n{odoo}");
    let full = toml.replace("[odoo]\n", &bare);
    assert!(full.contains("pool_size = 8") && full.contains("wallet = \"contact\""), "{full}");
    assert_eq!(format!("{:?}", read(&full).unwrap()), format!("{:?}", read(&bare).unwrap()));
    let tested = Settings::built_in().unwrap().sync;
    assert_eq!(tested, SyncSettings::default());
}

#[test]
fn what_is_declared_is_what_is_taken() {
    for setting in declared() {
        let toml = |value: &str| {
            let odoo = "[odoo]\nurl = \"http://h\"\ndatabase = \"d\"\nlogin = \"l\"\napi_key = \"k\"\n";
            let line = format!("{} = {value}\n", setting.key);
            match setting.section {
                "odoo" => format!("{odoo}{line}"),
                section => format!("{odoo}[{section}]\n{line}"),
            }
        };
        let refused = |value: &str| {
            let problem = read(&toml(value)).expect_err(&format!("{} = {value}", setting.name())).to_string();
            assert!(problem.contains(setting.key) || problem.contains(value.trim_matches('"')), "{problem}");
        };
        match setting.value {
            SettingType::Flag => {
                read(&toml("true")).unwrap();
                refused("\"perhaps\"");
            }
            SettingType::Choice(words) => {
                for word in words {
                    read(&toml(&format!("\"{word}\""))).unwrap();
                }
                refused("\"neither\"");
            }
            SettingType::Number { least, most, .. } => {
                if least > 0 {
                    refused(&(least - 1).to_string());
                }
                if let Some(most) = most {
                    read(&toml(&most.to_string())).unwrap();
                    refused(&(most + 1).to_string());
                }
                refused("-1");
            }
            SettingType::Text(_) => {}
        }
    }
}
