"""What each version of Kubernetes knows: fields that older servers drop without a word, and behaviour that came later.

The versions are those from which a field is on by default (kep.yaml of kubernetes/enhancements).
"""

GIT_VERSIONS = {
    "1.20": "v1.20.2",
    "1.23": "v1.23.17",
    "1.24": "v1.24.17",
    "1.29": "v1.29.15",
    "1.33": "v1.33.5",
    "1.34": "v1.34.9",
    "1.35": "v1.35.2",
    "1.36": "v1.36.1",
}

_JOB_FIELDS = {
    "completionMode": 22,
    "suspend": 22,
    "podFailurePolicy": 26,
    "backoffLimitPerIndex": 29,
    "maxFailedIndexes": 29,
    "podReplacementPolicy": 29,
    "successPolicy": 31,
    "managedBy": 32,
}


class Features:
    """The features of one version, given as "1.29"."""

    def __init__(self, version):
        self.version = version
        self.minor = int(version.split(".")[1])

    @property
    def git_version(self):
        """What /version says."""
        return GIT_VERSIONS[self.version]

    @property
    def attach_v5(self):
        """Whether attach translates v5.channel.k8s.io (TranslateStreamCloseWebsocketRequests, on from 1.30)."""
        return self.minor >= 30

    @property
    def attach_needs_create(self):
        """Whether a WebSocket attach needs the verb create as well (AuthorizePodWebsocketUpgradeCreatePermission)."""
        return self.minor >= 35

    @property
    def field_validation(self):
        """Whether fieldValidation=Strict is honoured (beta in 1.25)."""
        return self.minor >= 25

    @property
    def watch_list(self):
        """Whether a watch can begin with the list (WatchList)."""
        return self.minor >= 34

    @property
    def ttl(self):
        """Whether ttlSecondsAfterFinished deletes (TTLAfterFinished, beta in 1.21)."""
        return self.minor >= 21

    @property
    def indexed(self):
        """Whether Indexed Jobs are on."""
        return self.minor >= 22

    @property
    def elastic(self):
        """Whether an Indexed Job's completions can change together with its parallelism."""
        return self.minor >= 27

    @property
    def prefixed_labels(self):
        """Whether pods of Jobs have the labels batch.kubernetes.io/job-name and controller-uid."""
        return self.minor >= 27

    @property
    def index_label(self):
        """Whether pods of Indexed Jobs have their index as a label (PodIndexLabel)."""
        return self.minor >= 28

    @property
    def disruption_conditions(self):
        """Whether pods say DisruptionTarget (PodDisruptionConditions)."""
        return self.minor >= 26

    @property
    def image_volumes(self):
        """Whether a volume can be an image: sources differ on 1.33 to 1.35, so it is off there."""
        return self.minor >= 36

    def drop(self, resource, obj):
        """Takes out of the object what this version does not know; returns the paths of what went."""
        gone = []
        spec = obj.get("spec")
        if not isinstance(spec, dict):
            return gone
        if resource.plural == "jobs":
            for name, since in _JOB_FIELDS.items():
                if name in spec and self.minor < since:
                    del spec[name]
                    gone.append(f"spec.{name}")
            if not self.ttl and spec.pop("ttlSecondsAfterFinished", None) is not None:
                gone.append("spec.ttlSecondsAfterFinished")
            pod, where = (spec.get("template") or {}).get("spec"), "spec.template.spec"
        else:
            pod, where = spec if resource.plural == "pods" else None, "spec"
        if isinstance(pod, dict) and not self.image_volumes:
            for at, volume in enumerate(pod.get("volumes") or []):
                if isinstance(volume, dict) and volume.pop("image", None) is not None:
                    gone.append(f"{where}.volumes[{at}].image")
        return gone
