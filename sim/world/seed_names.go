package world

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// place is where a customer lives and which Azure region it uses.
type place struct{ country, region string }

var places = []place{
	{"DE", "germanywestcentral"},
	{"DE", "westeurope"},
	{"NL", "westeurope"},
	{"BE", "westeurope"},
	{"GB", "uksouth"},
	{"FR", "francecentral"},
	{"CH", "switzerlandnorth"},
	{"AT", "westeurope"},
	{"SE", "swedencentral"},
	{"IE", "northeurope"},
	{"US", "eastus"},
	{"US", "westus2"},
}

var firstNames = []string{
	"Alder", "Amber", "Arden", "Ashford", "Aurora", "Baker", "Baltic", "Birch", "Blackwood", "Bluebird", "Bramley",
	"Brook", "Cedar", "Chapel", "Cobalt", "Copper", "Crane", "Dalton", "Delta", "Dunmore", "Eastgate", "Elder", "Elm",
	"Ember", "Everly", "Falcon", "Fern", "Finch", "Fjord", "Foxglove", "Garnet", "Granite", "Greenfield", "Harbour",
	"Hartwell", "Hawthorn", "Hazel", "Heron", "Highland", "Holm", "Ivory", "Juniper", "Kestrel", "Kingsley", "Lakeside",
	"Lantern", "Larch", "Linden", "Lowland", "Maple", "Marble", "Marlow", "Meadow", "Mercer", "Millbrook", "Moorland",
	"Nordic", "Northgate", "Oakley", "Orchard", "Osprey", "Parkside", "Pebble", "Pinecrest", "Quarry", "Raven",
	"Redwood", "Ridge", "Riverside", "Rowan", "Saffron", "Sandstone", "Seaton", "Silver", "Sparrow", "Stonebridge",
	"Summit", "Swift", "Tamarack", "Thistle", "Thornton", "Tidewater", "Union", "Vale", "Verde", "Walden", "Westbrook",
	"Whitfield", "Willow", "Windmill", "Wren", "Yarrow",
}

var trades = []string{
	"Accounting", "Analytics", "Architects", "Automation", "Bakery", "Bikes", "Biotech", "Brewing", "Care", "Catering",
	"Ceramics", "Chemicals", "Clinics", "Coffee", "Construction", "Consulting", "Dairy", "Dental", "Design", "Diagnostics",
	"Electric", "Energy", "Engineering", "Estates", "Farms", "Fashion", "Finance", "Fisheries", "Foods", "Foundry",
	"Freight", "Furniture", "Gardens", "Glass", "Homes", "Hotels", "Insurance", "Interiors", "Joinery", "Laboratories",
	"Legal", "Lighting", "Logistics", "Machining", "Marine", "Media", "Metals", "Motors", "Museum", "Networks", "Optics",
	"Packaging", "Paper", "Pharma", "Plastics", "Printing", "Publishing", "Rail", "Recruitment", "Roofing", "Schools",
	"Security", "Shipping", "Software", "Solar", "Sports", "Staffing", "Steel", "Surveyors", "Textiles", "Theatre",
	"Timber", "Tools", "Travel", "Trust", "Veterinary", "Water", "Wines",
}

var forms = []string{"", "", "", " Ltd", " GmbH", " BV", " AG", " Group", " Holding", " & Sons", " Partners", " Co"}

// namer draws company names and gives each its own initial domain.
type namer struct {
	rng  *rand.Rand
	seen map[string]int
}

func newNamer(rng *rand.Rand) *namer { return &namer{rng: rng, seen: map[string]int{}} }

// next returns a name and an initial domain that no earlier call returned.
func (n *namer) next() (name, domain string) {
	first, trade := pick(n.rng, firstNames), pick(n.rng, trades)
	name = first + " " + trade + pick(n.rng, forms)
	label := strings.ToLower(first + trade)
	n.seen[label]++
	if again := n.seen[label]; again > 1 {
		name = fmt.Sprintf("%s %d", name, again)
		label = fmt.Sprintf("%s%d", label, again)
	}
	return name, label + ".onmicrosoft.com"
}
