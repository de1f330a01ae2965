"""The colours of states, the same on every page."""

from campaigns.models import Delivery, Enrolment, Firing

FIRING = {
    Firing.State.FIRED: "success",
    Firing.State.UNMET: "default",
    Firing.State.HELD: "warning",
    Firing.State.DECLINED: "default",
    Firing.State.MARKED: "info",
}
DELIVERY = {
    Delivery.State.QUEUED: "info",
    Delivery.State.IN_FLIGHT: "info",
    Delivery.State.SENT: "success",
    Delivery.State.RETRYING: "warning",
    Delivery.State.FAILED: "danger",
    Delivery.State.SKIPPED: "default",
    Delivery.State.CANCELLED: "default",
}
ENROLMENT = {Enrolment.State.ACTIVE: "info", Enrolment.State.FINISHED: "success", Enrolment.State.LEFT: "default"}
