"""The first call in three languages, as shown beside a new token and in the developer guide.

None of them holds a token: each reads it from the environment, where the ``.env`` line puts it.
"""

from dataclasses import dataclass

VARIABLE = "MEETZY_API_TOKEN"
PATH = "/api/v1/me"


@dataclass(frozen=True, slots=True)
class Example:
    slug: str
    language: str
    filename: str
    code: str

    @property
    def about(self) -> str:
        return f"the {self.language} example"

    @property
    def code_id(self) -> str:
        return f"example-{self.slug}-code"


def first_call(site_url: str) -> tuple[Example, ...]:
    """The examples against the installation at `site_url`, which has no slash at its end."""
    url = site_url + PATH
    return (
        Example("javascript", "JavaScript", "me.mjs", JAVASCRIPT % (url, VARIABLE)),
        Example("python", "Python", "me.py", PYTHON % (url, VARIABLE)),
        Example("curl", "cURL", "Terminal", CURL % (VARIABLE, url)),
    )


JAVASCRIPT = """\
// node --env-file=.env me.mjs
const response = await fetch("%s", {
  headers: {
    Authorization: `Bearer ${process.env.%s}`,
  },
});
const answer = await response.json();
if (!response.ok) throw new Error(answer.error.message);
console.log(answer.data);
"""

PYTHON = """\
# set -a; . ./.env; python me.py
import os
import httpx

response = httpx.get(
    "%s",
    headers={"Authorization": f"Bearer {os.environ['%s']}"},
)
response.raise_for_status()
print(response.json()["data"])
"""

CURL = """\
set -a; . ./.env
curl --fail-with-body --silent --show-error \\
  --header "Authorization: Bearer $%s" \\
  "%s"
"""
