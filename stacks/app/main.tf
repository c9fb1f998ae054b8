# The application: lives in another subnet of the same network.

variable "subnet_id" {
  type        = string
  description = "The subnet that it lives in."
}

variable "zone" {
  type        = string
  description = "The zone that it prefers."
}

resource "terraform_data" "service" {
  input = {
    subnet_id = var.subnet_id
    zone      = var.zone
    image     = templatefile("${path.module}/banner.tftpl", { zone = var.zone })
  }
}

output "url" {
  value = "https://app.${var.zone}.example.test"
}
