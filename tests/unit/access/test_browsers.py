"""What a browser says of itself, in words."""

import pytest

from irm.access.browsers import described

KIT = "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        (
            f"Mozilla/5.0 (X11; Linux x86_64) {KIT} HeadlessChrome/141.0.7390.37 Safari/537.36",
            ("Chromium 141", "Linux"),
        ),
        (
            f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {KIT} Chrome/142.0.0.0 Safari/537.36 Edg/142.0",
            ("Edge 142", "Windows"),
        ),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 15.1; rv:145.0) Gecko/20100101 Firefox/145.0",
            ("Firefox 145", "macOS"),
        ),
        (
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
                "Version/18.1 Mobile/15E148 Safari/604.1"
            ),
            ("Safari 18", "iOS"),
        ),
        (
            f"Mozilla/5.0 (Linux; Android 14; HarmonyOS) {KIT} Chrome/114.0 Mobile Safari/537.36",
            ("Chromium 114", "HarmonyOS"),
        ),
        (
            f"Mozilla/5.0 (Linux; Android 14) {KIT} Chrome/120 Mobile Safari/537.36 MicroMessenger/8.0.50",
            ("WeChat 8", "Android"),
        ),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", ("Firefox 140", "Linux")),
        ("python-httpx/0.28.1", ("", "")),
        ("", ("", "")),
    ],
)
def test_a_browser_in_words(user_agent: str, words: tuple[str, str]) -> None:
    assert described(user_agent) == words
