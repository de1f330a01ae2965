"""What the public addresses need to lead somewhere; printed as JSON. Run as a program on the fuzzed instance's database."""

import io
import json
import sys
import uuid
from datetime import timedelta

import django

MESSAGES = 3000


def make():
    from django.core.files.base import ContentFile
    from django.core.files.uploadedfile import SimpleUploadedFile
    from django.utils import timezone
    from PIL import Image

    from campaigns.mail import links
    from contacts.privacy import links as copies
    from tests import factories
    from tracking import addresses, apikeys, double_opt_in, experiments, images, nonces, subjects
    from tracking.models import ApiKey, Confirmation, FormField, PageImage, Subject
    from tracking.tokens import Ref

    contact = factories.ContactFactory(email="known@example.com", phone="+33612345678")
    email = factories.EmailFactory()
    about = subjects.register(Subject.Type.EMAIL, email.pk, email.name)
    link = factories.LinkFactory(source=about)

    def form(**values):
        made = factories.FormFactory(**values)
        factories.FormFieldFactory(form=made, key="email", type="email", required=True, contact_field="email")
        return made

    simple = form(name="Simple")
    every = form(name="Every type", leave_out_known=True)
    for type_ in FormField.Type.values:
        if type_ != "email":
            factories.FormFieldFactory(form=every, key=type_, type=type_, choices=["a", "b"])
    odd = form(name="Redirect", thank_you="redirect", redirect_url="https://shop.example/thanks", double_opt_in=True)
    worked, kiosk = form(name="Work", proof_of_work=True), form(name="Kiosk", is_kiosk=True)
    forms = [simple, every, odd, worked, kiosk]

    gated = factories.AssetFactory(name="Gated", gate=simple)
    filed = factories.AssetFactory(name="File", url="")
    filed.file.save("guide.pdf", ContentFile(b"%PDF-1.4 guide"))
    assets = [gated, filed, factories.AssetFactory(name="Elsewhere")]

    picture = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(picture, "PNG")
    image = images.add(SimpleUploadedFile("red.png", picture.getvalue()))
    pages = [
        factories.LandingPageFactory(slug="plain"),
        factories.LandingPageFactory(slug="with-form", form=every),
        factories.LandingPageFactory(slug="tried", form=simple),
    ]
    experiments.start(experiments.draft(pages[2], "Tried"))
    now = timezone.now()
    confirmation = Confirmation.objects.create(
        key=uuid.uuid4(),
        form=odd,
        contact=contact,
        email=contact.email,
        asked_at=now,
        expires_at=now + timedelta(days=1),
    )

    def path(address):
        return "/" + address.split("/", 3)[3]

    def refs():
        return [Ref(contact.pk, about.pk, number) for number in range(1, MESSAGES + 1)]

    ref = Ref(contact.pk, about.pk, 1)
    return {
        "forms": [one.public_id for one in forms],
        "tokens": {one.public_id: nonces.form_token(one) for one in forms},
        "nonces": {one.public_id: [nonces.nonce(one) for _ in range(20)] for one in forms},
        "keys": FormField.Type.values,
        "assets": [one.public_id for one in assets],
        "grant": nonces.grant(filed, uuid.uuid4()),
        "pages": [one.slug for one in pages],
        "images": [PageImage.objects.get(pk=image.pk).public_id],
        "secret": apikeys.issue(ApiKey(name="Fuzz")),
        "opens": [path(addresses.opened(one)) for one in refs()],
        "clicks": [
            path(addresses.clicked(Ref(contact.pk, link.subject_id, one.message_id), target))
            for one, target in zip(refs(), ["https://shop.example/a?b=c", ""] * MESSAGES, strict=False)
        ],
        "unsubscribe": path(links.unsubscribe(ref)),
        "preferences": path(links.preferences(ref)),
        "copy": path(copies.link(contact)),
        "confirm": path(double_opt_in.link(confirmation)),
    }


if __name__ == "__main__":
    django.setup()
    json.dump(make(), sys.stdout)
