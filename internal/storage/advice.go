package storage

import (
	"net/http"
	"strings"

	"github.com/samkeeper/samkeeper/internal/sam"
)

// explanation is what an error code means to a person. "{role}" in a fix
// stands for the role that the service in question needs.
type explanation struct {
	class      sam.Class
	plain, fix string
}

// roles opens the services: those of our own calls. The host itself asks for
// Storage Blob Data Owner on the same account, which includes the first.
var roles = map[string]string{
	serviceBlob:  "Storage Blob Data Contributor",
	serviceQueue: "Storage Queue Data Contributor",
	serviceTable: "Storage Table Data Contributor",
}

// explanations by error code (Azure Storage REST error codes, 2026-11).
var explanations = map[string]explanation{
	"AuthorizationPermissionMismatch": {
		sam.ClassConfiguration, "The app's identity may not use this part of the storage account.",
		"Give the identity the role {role} on the storage account; it takes up to ten minutes to count.",
	},
	"InsufficientAccountPermissions": {
		sam.ClassConfiguration, "What opens the storage account does not allow this operation.",
		"Give the identity the role {role} on the storage account.",
	},
	"AuthorizationFailure": {
		sam.ClassConfiguration, "The storage account refuses the app, most likely by its network rules.",
		"Allow the app's network in the storage account's firewall, and check that the identity has the role {role}.",
	},
	"AuthenticationFailed": {
		sam.ClassConfiguration, "The storage account does not accept the key or the token of the app.",
		"Check the key in AzureWebJobsStorage (it may have been rotated), or the identity it names.",
	},
	"InvalidAuthenticationInfo": {
		sam.ClassConfiguration, "The storage account does not accept the token of the app.",
		"Check that the identity belongs to the tenant of the storage account.",
	},
	"NoAuthenticationInformation": {
		sam.ClassConfiguration, "The call carried nothing to open the storage account with.",
		"Check AzureWebJobsStorage.",
	},
	"KeyBasedAuthenticationNotPermitted": {
		sam.ClassConfiguration, "The storage account does not allow account keys.",
		"Use AzureWebJobsStorage__accountName with a managed identity that has the role {role}.",
	},
	"AccountIsDisabled": {
		sam.ClassConfiguration, "The storage account is disabled.",
		"Check the subscription of the storage account.",
	},
	"TableNotFound":     missing,
	"QueueNotFound":     missing,
	"ContainerNotFound": missing,

	"TableBeingDeleted":     beingDeleted,
	"QueueBeingDeleted":     beingDeleted,
	"ContainerBeingDeleted": beingDeleted,
}

var (
	missing = explanation{
		sam.ClassConfiguration, "A table, queue or container of samkeeper is missing in the storage account.",
		"Restart the app: it creates what is missing when it starts.",
	}
	beingDeleted = explanation{
		sam.ClassRetry, "Somebody deleted a table, queue or container of samkeeper a moment ago.",
		"It is tried again by itself; the name is free again after about a minute.",
	}
)

// advice is the explanation of an error code; its class is "" when there is
// none.
func advice(code string) explanation { return explanations[code] }

// byStatus explains what no code explains.
func byStatus(status int) explanation {
	switch {
	case status == http.StatusTooManyRequests, status == http.StatusRequestTimeout, status >= http.StatusInternalServerError:
		return explanation{sam.ClassRetry, "The storage account is busy or out of order.", "It is tried again by itself."}
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return explanation{
			sam.ClassConfiguration, "The storage account refuses the app.",
			"Check AzureWebJobsStorage, and that the identity has the role {role}.",
		}
	}
	return explanation{
		sam.ClassConfiguration, "The storage account refused a request of samkeeper as wrong.",
		"Report it with the request id.",
	}
}

func fixFor(svc string, e explanation) string {
	return strings.ReplaceAll(e.fix, "{role}", roles[svc])
}
