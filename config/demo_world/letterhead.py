"""How Cuvelog's mails look: one column that reads well on a phone, a copper band, one button."""

from __future__ import annotations

from string import Template

STYLE = """
body { margin: 0; padding: 0; background: #f4efe8; color: #2b2118; }
.page { background: #f4efe8; }
.sheet { width: 100%; max-width: 600px; background: #ffffff; border-radius: 10px; overflow: hidden; }
.band { background: #8a4b1f; padding: 22px 36px; }
.brand { color: #ffffff; font: 700 22px Georgia, 'Times New Roman', serif; letter-spacing: 1px; text-decoration: none; }
.motto { color: #f0d9c4; font: 13px Helvetica, Arial, sans-serif; padding-top: 4px; }
.body { padding: 34px 36px 10px; font: 16px/1.6 Helvetica, Arial, sans-serif; }
h1 { font: 700 26px/1.25 Georgia, 'Times New Roman', serif; color: #5b2f12; margin: 0 0 18px; }
h2 { font: 700 18px/1.3 Georgia, 'Times New Roman', serif; color: #5b2f12; margin: 26px 0 6px; }
p { margin: 0 0 16px; }
ul { margin: 0 0 16px; padding-left: 22px; }
.body a { color: #8a4b1f; }
.call { padding: 6px 36px 30px; }
a.button { display: inline-block; background: #c9772b; color: #ffffff; font: 700 16px Helvetica, Arial, sans-serif;
  padding: 14px 26px; border-radius: 8px; text-decoration: none; }
.sign { padding: 0 36px 34px; font: 15px/1.5 Helvetica, Arial, sans-serif; color: #5a4a3c; }
.foot { padding: 22px 36px 40px; font: 12px/1.6 Helvetica, Arial, sans-serif; color: #8b7b6c; text-align: center; }
.foot a { color: #8b7b6c; }
"""

SHEET = Template("""<!DOCTYPE html>
<html lang="$language">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>$title</title><style>$style</style></head>
<body>
<table role="presentation" class="page" width="100%" cellpadding="0" cellspacing="0"><tr><td align="center" style="padding:24px 12px">
<table role="presentation" class="sheet" cellpadding="0" cellspacing="0">
<tr><td class="band"><a class="brand" href="$site">Cuvelog</a><div class="motto">$motto</div></td></tr>
<tr><td class="body"><h1>$title</h1>
$body
</td></tr>
$call
<tr><td class="sign">$sign</td></tr>
</table>
<table role="presentation" class="sheet" style="background:none" cellpadding="0" cellspacing="0"><tr><td class="foot">$foot</td></tr></table>
</td></tr></table>
</body>
</html>
""")
CALL = Template('<tr><td class="call"><a class="button" href="$url">$label</a></td></tr>')

MOTTO = {"fr": "Le logiciel des brasseries artisanales", "en": "Software for craft breweries"}
SIGN = {
    "fr": 'À bientôt,<br><strong>{{ owner.first_name|default:"Camille" }}</strong>, pour toute l\'équipe',
    "en": 'Cheers,<br><strong>{{ owner.first_name|default:"Oliver" }}</strong> and everybody at Cuvelog',
}
FOOT = {
    "fr": "Cuvelog, 12 quai du Wault, 59000 Lille · Vous recevez ce message parce que vous avez demandé de nos nouvelles. "
    '<a href="{{ unsubscribe_url }}">Ne plus recevoir nos emails</a>',
    "en": "Cuvelog, 12 quai du Wault, 59000 Lille, France · You get this because you asked to hear from us. "
    '<a href="{{ unsubscribe_url }}">Unsubscribe</a>',
}
INSIDE = {
    "fr": "Message interne, envoyé par le déclencheur «\xa0{{ reason.name }}\xa0».",
    "en": "An internal message, sent by the trigger “{{ reason.name }}”.",
}


def html(language: str, title: str, body: str, *, site: str, call: tuple[str, str] | None, inside: bool = False) -> str:
    """A whole mail. `call` is the button, its label and address; `inside` for colleagues: nothing to unsubscribe from."""
    return SHEET.substitute(
        language=language,
        title=title,
        style=STYLE,
        site=site,
        motto=MOTTO[language],
        body=body.strip(),
        call=CALL.substitute(label=call[0], url=call[1]) if call else "",
        sign="Bareme" if inside else SIGN[language],
        foot=(INSIDE if inside else FOOT)[language],
    )
