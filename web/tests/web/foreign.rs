//! Pages of other sites: what they may have somebody's browser do, which is nothing.

use crate::site::{Served, Setup, serve_toy, status};

const FORM: &str = "Content-Type: application/x-www-form-urlencoded\r\n";
const STOP: &str = "action=stop&processname=web";
const BROWSER: &str = "User-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\n";

fn both() -> [Served; 2] {
    [false, true].map(|is_inet| serve_toy(Setup { is_inet, ..Setup::default() }))
}

#[tokio::test]
async fn a_form_of_another_site_stops_nothing() {
    for served in both() {
        for headers in [
            "Origin: http://evil.example\r\n",
            "Origin: null\r\n",
            "Origin: http://x:81\r\n",
            "Sec-Fetch-Site: cross-site\r\nOrigin: http://x\r\n",
            "Sec-Fetch-Site: same-site\r\n",
            "User-Agent: Mozilla/5.0\r\n",
            "User-Agent: Mozilla/5.0\r\nReferer: http://evil.example/x\r\n",
        ] {
            let answer = served.send("POST", "/index.html", &format!("{FORM}{headers}"), STOP).await;
            assert_eq!(status(&answer), 403, "{headers}");
            assert!(
                answer.contains("<p>Message: the request comes from a page of another site;"),
                "{answer}"
            );
        }
        assert!(served.acts().is_empty());
        served.stop().await;
    }
}

#[tokio::test]
async fn the_pages_own_form_and_a_program_stop_it() {
    for served in both() {
        for headers in [
            "",
            "Origin: http://x\r\nSec-Fetch-Site: same-origin\r\n",
            "Origin: http://x\r\n",
            "User-Agent: Mozilla/5.0\r\nReferer: http://x/index.html\r\n",
        ] {
            let answer = served.send("POST", "/index.html", &format!("{FORM}{headers}"), STOP).await;
            assert_eq!(status(&answer), 303, "{headers}");
            assert!(answer.contains("Location: http://x/?message=Process%20web%20stopped\r\n"), "{answer}");
            assert_eq!(served.acts(), ["Stop web"]);
        }
        let headers = format!("{FORM}Origin: https://x\r\nSec-Fetch-Site: same-origin\r\n");
        let answer = served.send("POST", "/", &headers, STOP).await;
        assert!(answer.contains("Location: https://x/?message="), "behind a proxy with TLS: {answer}");
        served.stop().await;
    }
}

#[tokio::test]
async fn a_browser_that_follows_a_link_is_asked_first() {
    for served in both() {
        for headers in [
            BROWSER,
            "Referer: http://evil.example/\r\n",
            "Referer: http://x/\r\n",
            "Origin: http://x\r\n",
            "Sec-Fetch-Site: none\r\nSec-Fetch-Mode: navigate\r\n",
            "Accept: text/html,application/xhtml+xml\r\n",
            "Accept: image/avif,image/webp,*/*\r\n",
        ] {
            let page = served.get(&format!("/?{STOP}"), headers).await;
            assert_eq!(status(&page), 200, "{headers}");
            for part in [
                "<h1>Stop web?</h1>",
                "<form method=\"post\" action=\"index.html\">",
                "<input type=\"hidden\" name=\"processname\" value=\"web\">",
                "<input type=\"hidden\" name=\"action\" value=\"stop\">",
                "X-Frame-Options: DENY",
            ] {
                assert!(page.contains(part), "{headers}{part}: {page}");
            }
        }
        let strange = served.get("/?action=start&processname=%3Cb%3E%22", BROWSER).await;
        assert!(strange.contains("<h1>Start &lt;b&gt;&quot;?</h1>"), "{strange}");
        for action in ["restartall", "stopall", "clearlog&processname=web", "restart&processname=web"] {
            assert_eq!(status(&served.get(&format!("/?action={action}"), BROWSER).await), 200, "{action}");
        }
        assert!(served.acts().is_empty());
        assert_eq!(status(&served.get("/?action=bogus", BROWSER).await), 500);
        assert_eq!(status(&served.get("/?action=refresh", BROWSER).await), 303, "that changes nothing");
        served.stop().await;
    }
}

#[tokio::test]
async fn a_program_may_still_act_by_a_mere_address() {
    for served in both() {
        for headers in ["", "User-Agent: curl/7.88.1\r\nAccept: */*\r\n", "User-Agent: Wget/1.21\r\n"] {
            assert_eq!(status(&served.get(&format!("/?{STOP}"), headers).await), 303, "{headers}");
            assert_eq!(served.acts(), ["Stop web"]);
        }
        served.stop().await;
    }
}

#[tokio::test]
async fn a_name_that_was_pointed_here_stops_nothing_where_there_is_no_password() {
    let served = serve_toy(Setup { is_inet: true, ..Setup::default() });
    let request = |host: &str| {
        format!(
            "POST / HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nSec-Fetch-Site: same-origin\r\n{FORM}\
             Content-Length: {}\r\nConnection: close\r\n\r\n{STOP}",
            STOP.len()
        )
    };
    let answer = served.raw(&request("evil.example")).await;
    assert_eq!(status(&answer), 403);
    assert!(answer.contains("set username and password"), "{answer}");
    assert!(served.acts().is_empty());
    for host in ["x", "127.0.0.1:9001", "localhost:9001"] {
        assert_eq!(status(&served.raw(&request(host)).await), 303, "{host}");
    }
    served.stop().await;
}
